/** CoreDNS's answers and this server's are equal but for what the README tells. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { type Answer, comparable } from '#test/support/message.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { script } from './zone.ts'

/** Lines of *rewrite*, and questions to ask with them; those with an exclamation mark are answered otherwise, as the comment above tells. */
const cases: readonly (readonly [lines: string, ...questions: string[]])[] = [
  // Kinds of match, and where names end.
  ['name a.example b.example', 'a.example NS', 'A.Example MX', 'x.a.example A', 'b.example NS', 'a.example SOA', 'a.example NAPTR'],
  ['name exact a.example www.b.example', 'a.example A', 'a.example TXT', 'a.example AAAA', 'a.example HINFO'],
  ['NAME Exact A.example. WWW.b.example.', 'a.example A'],
  ['name prefix web www answer auto', 'web.b.example A', 'webs.b.example A', 'web A', 'x.web.b.example A'],
  ['name prefix x.web. a.www. answer auto', 'x.web.b.example A'],
  ['name suffix a.example b.example answer auto', 'www.a.example A', 'a.example NS', 'www.aa.example A', 'alias.a.example A', '_http._tcp.a.example SRV'],
  ['name suffix .a.example .b.example answer auto', 'www.a.example A', 'a.example NS', 'www.xa.example A', 'far.a.example A'],
  ['name suffix .home.arpa. . answer auto', 'www.b.example.home.arpa A', 'home.arpa A'],
  ['name substring a.example b.example answer auto', 'www.a.example A', 'www.a.example.org A', 'a.example.a.example A', 'wwwa.example A'],
  ['name substring .in.the.middle. . answer auto', 'www.in.the.middle.b.example A', 'in.the.middle.b.example A'],
  [String.raw`name regex (.*)\.(a)\.example {1}.b.example answer auto`, 'www.a.example A', 'alias.a.example A', 'a.www.a.example A', 'www.aa.example A'],
  [String.raw`name regex ^([^.]+)\.([^.]+)\.svc\.?$ {2}.{1}.example answer auto`, 'team-1.web.svc A', 'b.www.svc A', 'x.b.www.svc A'],
  [String.raw`name regex (?P<host>.*)\.a\.example {1}.b.example answer auto`, 'www.a.example A'],
  [String.raw`name regex (?i)WWW\.A\.(EXAMPLE|other) www.b.{1} answer auto`, 'www.a.example A', 'www.a.other A'],
  [String.raw`name regex (x)?www\.a\.example {1}www.b.example answer auto`, 'www.a.example A'],
  ['name regex ^(.*)$ {1}{1} answer auto', '. A', 'x A'],
  // Answers.
  // Records of the name itself are given the client's name though no answer rule says so.
  ['name suffix .a.example .b.example', '!www.a.example A', '!alias.a.example A', 'alias.a.example MX', '!_http._tcp.a.example SRV'],
  [String.raw`stop {
  name regex (.*)\.a\.example {1}.b.example
  answer name (.*)\.b\.example {1}.a.example
}`, 'www.a.example A', 'alias.a.example A', '_http._tcp.a.example SRV'],
  [String.raw`stop {
  name regex (.*)\.a\.example {1}.b.example
  answer name (.*)\.b\.example {1}.a.example
  answer value (.*)\.b\.example {1}.a.example
}`, 'www.a.example A', 'alias.a.example A', '_http._tcp.a.example SRV'],
  [String.raw`{
  name regex (.*)a\.example {1}b.example
  answer name (.*)b\.example {1}a.example
  value (.*)b\.example {1}c.example
}`, 'a.example MX', 'a.example NS', 'a.example SOA', 'a.example DNAME', 'a.example NAPTR', 'a.example CAA', '_http._tcp.a.example SRV'],
  [String.raw`name suffix .arpa .arpa answer auto answer value (.*)\.b\.example\. {1}.coredns.rocks.`, '1.2.0.192.in-addr.arpa PTR'],
  [String.raw`name exact a.example b.example answer value (.*)\.b\.example\. {1}.c.example`, 'a.example MX', 'a.example NS'],
  // Rules one behind the other.
  ['continue name exact a.example c.example\nrewrite name exact c.example www.b.example', 'a.example A', 'c.example A'],
  ['name exact a.example www.b.example\nrewrite name exact www.b.example gone.example', 'a.example A', 'www.b.example A'],
  ['continue name suffix .a.example .c.example answer auto\nrewrite name suffix .c.example .b.example answer auto', 'www.a.example A', 'alias.a.example A'],
  // The question is the client's own though no rule changes the reply.
  ['continue type TXT A\nrewrite name exact a.example www.b.example', 'a.example TXT', '!www.b.example TXT'],
  // Names that are none.
  [String.raw`name regex ^bad\.(.*)$ {1}..x`, 'bad.a.example A', 'www.b.example A'],
  [`name prefix long ${'long-label-'.repeat(6)}`, 'long.example A'],
  [String.raw`name regex ^(many)\. ${'many.'.repeat(60)}{1}`, 'many.example A'],
  // What is not a name.
  ['type TXT A', 'www.b.example TXT', 'www.b.example A', 'www.b.example ANY'],
  ['type any txt', 'www.b.example ANY'],
  ['class CH IN', 'www.b.example A'],
  ['ttl exact www.b.example 15', 'www.b.example A', 'a.www.b.example A', 'alias.b.example A'],
  ['ttl www.b.example 100-200', 'www.b.example A'],
  ['ttl suffix b.example -400', 'far.b.example A', '_http._tcp.b.example SRV', 'gone.b.example A'],
  ['ttl prefix far 450-', 'far.b.example A', 'www.b.example A'],
  ['ttl substring b.example 450-550', 'far.b.example A'],
  [String.raw`continue {
  ttl regex (.*)\.b\.example 1-2
}`, 'www.b.example A', 'b.example NS'],
  ['continue ttl exact a.example 7\nrewrite name exact a.example www.b.example', 'a.example A'],
  ['continue name exact a.example www.b.example\nrewrite ttl exact www.b.example 7', 'a.example A'],
  ['rcode exact fail.example SERVFAIL NOERROR', 'fail.example A', 'fail2.example A'],
  ['rcode fail.example 2 3', 'fail.example A'],
  ['rcode suffix example nxdomain refused', 'gone.example A', 'www.b.example A'],
  [String.raw`rcode regex ^fail\d SERVFAIL NOERROR`, 'fail1.example A', 'fail.example A'],
  ['rcode prefix gone NXDOMAIN 23', 'gone.example A'],
  ['cname exact x.cdn.example. x.other.example.', 'far.b.example A', 'alias.b.example A', 'x.cdn.example A'],
  ['cname x.cdn.example x.other.example', 'far.b.example A'],
  ['cname suffix cdn.example. other.example.', 'far.b.example A'],
  ['cname prefix x.cdn x.other', 'far.b.example A'],
  ['cname substring cdn other', 'far.b.example A'],
  [String.raw`cname regex (.*)\.cdn\.example\. {1}.other.example.`, 'far.b.example A', 'far.b.example TXT'],
  ['cname exact www.b.example. gone.example.', 'alias.b.example A', 'alias.b.example CNAME'],
  // A target leads back to itself: the innermost lookup fails, where CoreDNS's leaves its reply as it is.
  ['cname exact www.b.example. alias.b.example.', '!alias.b.example A'],
  ['continue cname exact www.b.example. x.other.example.\nrewrite name exact a.example alias.b.example', 'a.example A', 'alias.b.example A'],
  ['continue name suffix a.example b.example answer auto\nrewrite cname suffix cdn.example. other.example.', 'far.a.example A', 'alias.a.example A'],
] // biome-ignore format: a table

const told = (answer: Answer) => JSON.stringify({ question: answer.question, ...comparable(answer) })

suite('CoreDNS answers the same', { skip: noCoreDns() ?? false }, () => {
  for (const [lines, ...questions] of cases) {
    test(lines, async () => {
      await using upstream = await startUpstream(script)
      const block = `rewrite ${lines}\nforward . ${upstream.to}`
      await using theirs = await CoreDns.start(`. {\n${block}\n}\n`)
      await using ours = await startInProcess(block)
      for (const question of questions) {
        const [, mark, name = '', type = ''] = /^(!?)(\S+) (\S+)$/.exec(question)!
        const options = { edns: { udpSize: 4096 }, class: lines.startsWith('class') ? 3 : 1 }
        const [their, our] = await Promise.all([theirs.query(name, type, options), ours.query(name, type, options)])
        if (mark) assert.notEqual(told(our), told(their), question)
        else assert.equal(told(our), told(their), question)
      }
    })
  }
})
