import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { rewrite } from '#plugins/rewrite/index.ts'
import { CLASS, FLAG, RCODE, TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { NO_RECORDS, SectionsBuilder } from '#src/dns/sections.ts'
import { answer, nameError, type Query, Reply, type ServerBlock } from '#src/plugin.ts'
import { directiveOf } from '#test/support/directive.ts'
import { queryOf } from '#test/support/exchange.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { startServer } from '#test/support/server.ts'

const OCTETS = Uint8Array.of(192, 0, 2, 1)

/** An address under the name that is asked for. */
const address = ({ key }: Query): Reply => answer(new SectionsBuilder(key).address(key, 300, OCTETS).build())

const block = { metadata: () => undefined } as unknown as ServerBlock

test('a question that no rule is about goes on as it is, and its reply comes back as it is', () => {
  const lines = ['name a.org b.org', 'name suffix .a.org .b.org', 'name regex ^a b', 'type TXT A', 'class CH IN', 'ttl a.org 5']
  const instance = rewrite.create(rewrite.parse(directiveOf(lines.map(line => `rewrite ${line}`).join('\n'))), block)
  const query = queryOf('other.example', 'A')
  const pending = Promise.resolve(answer(NO_RECORDS))
  let seen: Query | undefined
  const handler = instance.wrap!(asked => {
    seen = asked
    return pending
  })
  assert.equal(handler(query), pending)
  assert.equal(seen, query)
})

test('what a plugin tells of a query stands in the new name; where it tells nothing, the rule is not there', () => {
  const told = new Map([
    ['a/namespace', 'Team-1'],
    ['a/group', '{1}'],
    ['a/nothing', ''],
  ])
  const rules = ['{1}.{a/nothing}.svc', '{1}.{a/unknown}.svc', '{1}.{a/namespace}.{a/group}.SVC']
  const lines = rules.map(to => `rewrite name regex ^([^.]+)\\.example\\.$ ${to} metadata answer auto\n`)
  const metadata = (label: string) => () => told.get(label)
  const instance = rewrite.create(rewrite.parse(directiveOf(lines.join(''))), { metadata } as unknown as ServerBlock)
  const seen: string[] = []
  const handler = instance.wrap!(query => {
    seen.push(query.name)
    return address(query)
  })
  handler(queryOf('Web.example'))
  assert.deepEqual(seen, ['web.team-1.{1}.svc.'])
})

suite('the client gets what it asked for', () => {
  for (const [what, later] of [
    ['at once', false],
    ['later', true],
  ] as const) {
    test(what, async () => {
      await using server = await startInProcess('rewrite continue type TXT A\nrewrite name suffix .a.org .b.org\nscript')
      const seen: Query[] = []
      server.script = query => {
        seen.push(query)
        return later ? setImmediate(address(query)) : address(query)
      }
      const reply = await server.query('Www.A.org', 'TXT')
      assert.equal(reply.question, 'Www.A.org. IN TXT')
      assert.deepEqual(reply.answer, ['Www.A.org. 300 IN A 192.0.2.1'])
      assert.deepEqual(
        seen.map(({ name, type, depth, zone, flags }) => ({ name, type, depth, zone, flags })),
        [{ name: 'www.b.org.', type: TYPE.A, depth: 0, zone: '.', flags: FLAG.RD }],
      )
    })
  }
})

test('log, errors and metrics tell of the question as it was asked', async () => {
  await using server = await startInProcess(
    'prometheus 127.0.0.1:0\nerrors\nlog\nrewrite continue type TXT A\nrewrite name regex ^bad\\. x..y\nscript',
  )
  assert.equal((await server.query('Bad.org', 'TXT')).rcode, 'SERVFAIL')
  assert.match(await server.waitForLine(/ "TXT IN /), /"TXT IN bad\.org\. udp .*" SERVFAIL /)
  await server.waitForLine(/plugin\/errors: 2 bad\.org\. TXT: invalid name after rewrite: x\.\.y\./)
  assert.equal(await server.metric('coredns_dns_requests_total', { type: 'TXT' }), 1)
  assert.equal(await server.metric('coredns_dns_responses_total', { plugin: 'rewrite', rcode: 'SERVFAIL' }), 1)
  assert.equal(await server.metric('coredns_panics_total'), 0)
})

test('a name that an answer rule makes, and that is none, is SERVFAIL', async () => {
  for (const later of [false, true]) {
    await using server = await startInProcess(
      'errors\nrewrite name regex (.*)a\\.org {1}b.org answer name (.*)b\\.org {1}..org\nscript',
    )
    server.script = query => (later ? setImmediate(address(query)) : address(query))
    assert.equal((await server.query('a.org')).rcode, 'SERVFAIL')
    await server.waitForLine(/a\.org\. A: invalid name after rewrite: \.\.org/)
    assert.equal(await server.metric('coredns_panics_total'), 0)
  }
})

test('what header does to questions below is seen in the reply', async () => {
  await using server = await startInProcess('rewrite name a.org b.org\nheader {\n query clear rd\n}\nscript')
  assert.equal((await server.query('a.org')).flags, 'qr aa')
  assert.equal((await server.query('b.org')).flags, 'qr aa')
})

test('what is kept is kept under the new name', async () => {
  await using server = await startInProcess('rewrite name a.org b.org\nrewrite ttl c.org 7\ncache\nscript')
  let asked = 0
  server.script = async query => {
    asked++
    return address(query)
  }
  assert.deepEqual((await server.query('b.org')).answer, ['b.org. 300 IN A 192.0.2.1'])
  assert.deepEqual((await server.query('a.org')).answer, ['a.org. 300 IN A 192.0.2.1'])
  assert.equal(asked, 1)
  for (let i = 0; i < 2; i++) assert.deepEqual((await server.query('c.org')).answer, ['c.org. 7 IN A 192.0.2.1'])
  assert.equal(asked, 2)
})

test('acl sees the new name', async () => {
  await using server = await startInProcess('rewrite name a.org b.org\nacl b.org {\n block\n}\nscript')
  assert.deepEqual([(await server.query('a.org')).rcode, (await server.query('c.org')).rcode], ['REFUSED', 'NOERROR'])
})

test('a question of another class is rewritten where some plugin lets it in', async () => {
  await using server = await startInProcess('rewrite class CH IN\nchaos\nscript')
  const seen: number[] = []
  server.script = query => {
    seen.push(query.class)
    return address(query)
  }
  assert.equal((await server.query('a.org', 'A', { class: CLASS.CH })).question, 'a.org. CH A')
  assert.deepEqual(seen, [CLASS.IN])
})

test('an extended rcode reaches who speaks EDNS', async () => {
  await using server = await startInProcess('rewrite rcode a.org NXDOMAIN BADCOOKIE\nscript')
  server.script = () => nameError(NO_RECORDS)
  assert.equal((await server.query('a.org', 'A', { edns: true })).rcode, 'BADCOOKIE')
})

test('a chain of CNAMEs that leads back ends', async () => {
  await using server = await startInProcess('rewrite cname regex ^(.*)$ a.org.\nscript')
  let asked = 0
  server.script = ({ key }) => {
    asked++
    return answer(new SectionsBuilder(key).name(key, TYPE.CNAME, 60, toKey('x.org')).build())
  }
  const { rcode, answer: records } = await server.query('a.org')
  assert.deepEqual([rcode, new Set(records)], ['NOERROR', new Set(['a.org. 60 IN CNAME a.org.'])])
  assert.ok(asked <= 9, `${asked} lookups`)
})

test('of a new target, what is truncated makes the reply truncated', async () => {
  await using server = await startInProcess('rewrite cname x.org y.org\nscript')
  server.script = ({ key, name }) =>
    name === 'y.org.'
      ? new Reply(RCODE.NOERROR, FLAG.TC)
      : answer(new SectionsBuilder(key).name(key, TYPE.CNAME, 60, toKey('x.org')).build())
  const reply = await server.query('a.org')
  assert.deepEqual([reply.answer, reply.flags], [['a.org. 60 IN CNAME y.org.'], 'qr aa tc rd'])
})

test('a whole server does it', async () => {
  const corefile = `.:0 {
    rewrite stop {
        name regex (.*)\\.in\\.example\\.org {1}.example.net
        answer name (.*)\\.example\\.net {1}.in.example.org
    }
    hosts {
        192.0.2.10 www.example.net
    }
}
`
  await using server = await startServer(corefile)
  for (const ask of [server.query, server.queryTcp] as const)
    assert.deepEqual((await ask.call(server, 'www.in.example.org')).answer, ['www.in.example.org. 3600 IN A 192.0.2.10'])
})
