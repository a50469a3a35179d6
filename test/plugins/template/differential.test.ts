/** CoreDNS's answers and this server's are equal but for what the README tells. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { OPTION, RCODE } from '#src/dns/codes.ts'
import { failing, cases as values } from '#test/src/expression/cases.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { type Answer, comparable } from '#test/support/message.ts'
import { messageFrom } from '#test/support/records.ts'
import { type Script, startUpstream } from '#test/support/upstream.ts'

/** Uses of *template*, and questions to ask with them; those with an exclamation mark are answered otherwise, as the comment above tells. */
const cases: readonly (readonly [lines: string, ...questions: string[]])[] = [
  // What a rule is about.
  ['template ANY ANY {\n rcode NXDOMAIN\n}', 'a.example A', 'a.example ANY', 'a.example TYPE65280', '. NS'],
  ['template ANY AAAA {\n rcode NOERROR\n}', 'www.b.example AAAA', 'www.b.example A', 'www.b.example ANY'],
  ['template ANY HINFO {\n rcode REFUSED\n}', 'www.b.example HINFO', 'www.b.example A'],
  ['template IN A a.example c.example {\n answer "{{ .Zone }} 60 IN A 192.0.2.1"\n}', 'x.a.example A', 'c.example A', 'www.b.example A', 'x.a.example MX'],
  ['template IN A a.example sub.a.example {\n answer "{{ .Name }} IN TXT {{ .Zone }}"\n}', 'x.a.example A', 'x.sub.a.example A', 'sub.a.example A'],
  ['template IN A 192.0.2.0/24 {\n rcode NXDOMAIN\n}', '1.2.0.192.in-addr.arpa A', '1.2.0.192.in-addr.arpa PTR', '1.3.0.192.in-addr.arpa A'],
  ['template CH TXT {\n rcode NXDOMAIN\n}', 'www.b.example TXT', 'www.b.example A'],
  ['template IN A b.example {\n answer "{{ .Name }} 60 IN A 192.0.2.1"\n}\ntemplate IN AAAA b.example {\n rcode NXDOMAIN\n}', 'www.b.example A', 'www.b.example AAAA', 'www.b.example ANY', 'www.b.example TXT'],
  // Names that do not match.
  [`template IN A b.example {
  match ^ip-(?P<a>[0-9]*)-(?P<b>[0-9]*)[.]b[.]example[.]$
  answer "{{ .Name }} 60 IN A 10.0.{{ .Group.a }}.{{ .Group.b }}"
}`, 'ip-1-2.b.example A', 'IP-1-2.B.Example A', 'www.b.example A', 'ip-1-256.b.example A', 'ip--.b.example A', 'www.b.example AAAA'],
  [String.raw`template IN A b.example {
  match ^ip-(?P<a>[0-9]*)-(?P<b>[0-9]*)[.]b[.]example[.]$ ^x-(?P<b>\d+)
  match (?P<a>\d+)[.](?P<b>\d+)
  answer "{{ .Name }} 60 IN A 10.0.{{ or .Group.a 7 }}.{{ .Group.b }}"
  answer "{{ .Name }} 60 IN TXT {{ .Regex | printf \"%q\" }} {{ len .Match }} {{ len .Group }} \"{{ .Match }}\""
  fallthrough
}`, 'ip-1-2.b.example A', 'www.b.example A', 'x-3.b.example A', '9.8.b.example A'],
  ['template IN A example {\n match ^x\n rcode NXDOMAIN\n fallthrough b.example other.example\n}', 'x.b.example A', 'www.b.example A', 'www.c.example A', 'gone.example A'],
  ['template IN A example {\n match ^x\n rcode NXDOMAIN\n fallthrough\n}\ntemplate IN A b.example {\n match ^y\n rcode REFUSED\n}', 'x.b.example A', 'y.b.example A', 'www.b.example A', 'www.c.example A'],
  ['template IN A {\n match (^|[.])b[.]example[.]$ (x)?\n answer "{{ .Name }} 60 IN TXT \\"{{ .Match }} {{ .Group }}\\""\n}', 'www.b.example A', 'c.example A'],
  // Rcodes and errors.
  ['template IN A {\n rcode SERVFAIL\n answer "x. 60 IN A 192.0.2.1"\n ederror 21\n}', 'www.b.example A'],
  ['template IN A {\n rcode NOTIMP\n}\ntemplate IN MX {\n rcode FORMERR\n}\ntemplate IN TXT {\n rcode NOTIMPL\n answer "x. TXT y"\n}', 'www.b.example A', 'www.b.example MX', 'www.b.example TXT'],
  ['template IN A {\n rcode NXDOMAIN\n ederror 21 "Blocked according to RFC2606"\n}\ntemplate IN MX {\n ederror 0\n}', 'www.b.example A', 'www.b.example MX'],
  ['template IN A {\n answer "{{ .Name }} 60 IN A {{ index .Match 3 }}"\n}\ntemplate IN MX {\n answer "{{ .Name }} 60 IN MX ten"\n}', 'www.b.example A', 'www.b.example MX'],
  ['template IN ANY {\n answer "{{ if eq .Type \\"TXT\\" }}{{ .Name }} 60 IN TXT x{{ end }}"\n}', 'www.b.example TXT', 'www.b.example A'],
  // Sections.
  [`template IN MX b.example {
  answer "{{ .Name }} 60 IN MX 10 mail.{{ .Name }}" "{{ .Name }} 60 IN MX 20 mail2.{{ .Name }}"
  additional "mail.{{ .Name }} 60 IN A 192.0.2.25"
  additional "mail2.{{ .Name }} 60 IN AAAA 2001:db8::25"
  authority "b.example. 60 IN NS ns0.b.example."
}`, 'b.example MX', 'B.EXAMPLE MX'],
  ['template ANY ANY invalid {\n rcode NXDOMAIN\n authority "invalid. 60 {{ .Class }} SOA ns.invalid. hostmaster.invalid. (1 60 60 60 60)"\n}', 'x.invalid A', 'x.invalid ANY', 'www.b.example A'],
  // What templates are told.
  [String.raw`template IN TXT {
  answer "{{ .Name }} 60 IN TXT \"{{ .Zone }} {{ .Name }} {{ .Class }} {{ .Type }} {{ .Regex }} {{ .Remote }} {{ .Question.Name }} {{ .Question.Qtype }} {{ .Question.Qclass }}\""
  answer "{{ .Name }} 60 IN TXT \"{{ .Message.Opcode }} {{ .Message.RecursionDesired }} {{ .Message.Response }} {{ .Message.CheckingDisabled }} {{ (index .Message.Question 0).Name }} {{ .Meta \"a/b\" }}\""
}`, 'www.b.example TXT', 'WWW.B.Example ANY'],
  [String.raw`template IN ANY {
  answer "{{ .Name }} 60 IN TXT \"{{ .Type }}|{{ .Group }}|{{ .Match }}|{{ index .Match 0 }}|{{ .Group.none }}\""
}`, 'www.b.example NAPTR', 'www.b.example TYPE65280', 'www.b.example HTTPS'],
  // Go's templates.
  [`template IN A example {
  match "^ip0a(?P<b>[a-f0-9]{2})(?P<c>[a-f0-9]{2})(?P<d>[a-f0-9]{2})[.]example[.]$"
  answer "{{ .Name }} 60 IN A 10.{{ parseInt .Group.b 16 8 }}.{{ parseInt .Group.c 16 8 }}.{{ parseInt .Group.d 16 8 }}"
  fallthrough
}`, 'ip0a5f6c09.example A', 'ip0axyz.example A'],
  [String.raw`template IN TXT {
  answer "{{- .Name -}} 60 IN TXT \"{{ range $i, $e := .Match }}{{ $i }}={{ $e }}{{ else }}none{{ end }} {{ with .Group.none }}x{{ else }}y{{ end }} {{ printf \"%03d %s %x\" (len .Name) .Zone .Name }}\" {{/* a comment */}}"
  answer "{{ .Name }} 60 IN TXT {{ html \"<&>\" }} {{ urlquery .Name \"?\" }} {{ slice .Name 0 2 }} {{ index .Name 0 }} {{ if and (eq .Class \"IN\") (ne .Type \"A\") }}yes{{ end }}"
}`, 'www.b.example TXT'],
  // Records.
  [String.raw`template IN ANY {
  answer "{{ .Name }} TXT plain"
  answer "{{ .Name }} 1h IN TXT \"one\" two \"th;ree\" ; comment"
  answer "{{ .Name }} IN 60 TXT a"
  answer "@ 60 IN NS {{ .Name }}"
  answer "rel 60 IN CAA 0 issue \"ca.example.org\""
  answer "{{ .Name }} 60 IN SRV 1 2 80 {{ .Name }}"
  answer "{{ .Name }} 60 IN NAPTR 1 2 \"s\" \"http\" \"\" {{ .Name }}"
  answer "{{ .Name }} 60 IN HINFO cpu os"
  answer "{{ .Name }} 60 IN TYPE65280 \# 3 010203"
  answer "{{ .Name }} 60 CH TXT chaos"
  answer "{{ .Name }} 60 IN PTR UPPER.Example.org."
  answer "{{ .Name }} 60 IN HTTPS 1 . alpn=h2,h3 port=8443"
  answer "{{ .Name }} 60 IN DS 1 8 2 aabb"
}`, 'www.b.example TXT', 'x.y.z MX'],
  // CNAMEs are followed for addresses.
  ['template IN ANY a.example {\n answer "{{ .Name }} 60 IN CNAME www.b.example."\n}', 'a.example A', 'a.example AAAA', 'a.example TXT', 'a.example CNAME', 'a.example ANY'],
  ['template IN A a.example {\n answer "{{ .Name }} 60 IN CNAME gone.b.example" "{{ .Name }} 60 IN A 192.0.2.9"\n authority "a.example. 60 IN NS ns.a.example."\n}', 'a.example A'],
  ['template IN A a.example {\n answer "{{ .Name }} 60 IN CNAME fail.b.example"\n}', 'a.example A'],
  ['template IN A a.example {\n answer "{{ .Name }} 60 IN CNAME x.a.example." "{{ .Name }} 60 IN CNAME alias.b.example."\n match ^a\n fallthrough\n}', 'a.example A'],
  ['template IN A a.example {\n match ^(?P<n>[0-4])[.](?P<rest>.*)$\n answer "{{ .Name }} 60 IN CNAME {{ slice \\"12345\\" (parseInt .Group.n 10 64) (parseInt (slice \\"12345\\" (parseInt .Group.n 10 64)) 10 64 | len) }}"\n}', '0.a.example A'],
] // biome-ignore format: a table

const script: Script = ({ message, name, type }) => {
  const key = name.toLowerCase()
  if (key === 'www.b.example.' && type === 'A')
    return messageFrom(message, ['www.b.example. 300 IN A 192.0.2.1', 'www.b.example. 300 IN A 192.0.2.2'])
  if (key === 'alias.b.example.')
    return messageFrom(message, ['alias.b.example. 300 IN CNAME www.b.example.', 'www.b.example. 300 IN A 192.0.2.1'])
  if (key.startsWith('fail')) return messageFrom(message, [], { rcode: RCODE.SERVFAIL })
  if (key.startsWith('gone')) return messageFrom(message, [], { rcode: RCODE.NXDOMAIN })
  return messageFrom(message, [])
}

const word = (text: string) => `"${text.replaceAll('"', String.raw`\"`)}"`

/** Rules for one expression each, for names that begin with its number. */
const ofExpressions = (expressions: readonly string[]): string =>
  expressions
    .map(
      (expression, i) => `template IN TXT v${i}.example.org {
  match ^(?P<a>w)(?P<rest>.*?)[.](?P<none>x)?
  var value ${word(expression)}
  answer ${word('{{ .Name }} 60 IN TXT {{ printf "%q" (print .Var.value) }}')}
}`,
    )
    .join('\n')

const told = (answer: Answer) =>
  JSON.stringify({
    question: answer.question,
    ...comparable(answer),
    error: answer.edns?.options.get(OPTION.EDE)?.toString('latin1'),
  })

suite('CoreDNS answers the same', { skip: noCoreDns() ?? false }, () => {
  for (const [lines, ...questions] of cases) {
    test(lines, async () => {
      await using upstream = await startUpstream(script)
      const block = `${lines}\nforward . ${upstream.to}`
      await using theirs = await CoreDns.start(`. {\n${block}\n}\n`)
      await using ours = await startInProcess(block)
      for (const question of questions) {
        const [, mark, name = '', type = ''] = /^(!?)(\S+) (\S+)$/.exec(question)!
        const options = { edns: { udpSize: 4096 } }
        const [their, our] = await Promise.all([theirs.query(name, type, options), ours.query(name, type, options)])
        if (mark) assert.notEqual(told(our), told(their), question)
        else assert.equal(told(our), told(their), question)
      }
    })
  }

  test('expressions', async () => {
    const expressions = [...values, ...failing].map(([expression]) => expression)
    const block = ofExpressions(expressions)
    await using theirs = await CoreDns.start(`. {\n${block}\n}\n`)
    await using ours = await startInProcess(block)
    for (const [i, expression] of expressions.entries()) {
      const options = { edns: { udpSize: 1232 } }
      const name = `Web.v${i}.example.org`
      const [their, our] = await Promise.all([theirs.query(name, 'TXT', options), ours.query(name, 'TXT', options)])
      assert.equal(told(our), told(their), expression)
    }
  })

  test('conditions', async () => {
    const block = `template IN A example.org {
  match ^(?P<ip>[0-9]{1,3}(-[0-9]{1,3}){3})[.]
  var ip replace(group('ip'), '-', '.')
  expr "any(['10.0.0.0/8', '192.0.2.0/24'], incidr(ip, #))"
  expr ip startsWith '1'
  answer "{{ .Name }} 60 IN A {{ .Var.ip }}"
  fallthrough
}
template IN A sub.example.org {
  expr name() startsWith 'x'
  rcode NXDOMAIN
}
template ANY ANY {
  rcode REFUSED
}`
    await using theirs = await CoreDns.start(`. {\n${block}\n}\n`)
    await using ours = await startInProcess(block)
    for (const name of [
      '10-1-2-3.example.org',
      '192-0-2-7.example.org',
      '172-16-0-1.example.org',
      'x.example.org',
      'x.sub.example.org',
      'a.sub.example.org',
      '300-1-1-1.example.org',
    ]) {
      const [their, our] = await Promise.all([theirs.query(name), ours.query(name, 'A', { edns: { udpSize: 4096 } })])
      assert.equal(told(our), told(their), name)
    }
  })
})
