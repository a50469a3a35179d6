import assert from 'node:assert/strict'
import { test } from 'node:test'
import { template } from '#plugins/template/index.ts'
import { FLAG, OPTION, RCODE } from '#src/dns/codes.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { Metrics } from '#src/metrics.ts'
import { answer, type Query, Reply, type ServerBlock } from '#src/plugin.ts'
import { directiveOf } from '#test/support/directive.ts'
import { queryOf } from '#test/support/exchange.ts'
import { startInProcess } from '#test/support/in-process.ts'

const DASHED = String.raw`template IN A example.org {
  match ^ip-(?P<a>\d+)-(?P<b>\d+)-(?P<c>\d+)-(?P<d>\d+)[.]example[.]org[.]$
  answer "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}"
  fallthrough
}
script`

test('a name that matches is answered, under the name as it was asked; others go on', async () => {
  await using server = await startInProcess(DASHED)
  const { answer, flags, question } = await server.query('IP-192-0-2-7.Example.ORG')
  assert.deepEqual([answer, flags, question], [['IP-192-0-2-7.Example.ORG. 60 IN A 192.0.2.7'], 'qr aa rd', 'IP-192-0-2-7.Example.ORG. IN A'])
  server.script = () => new Reply(RCODE.REFUSED)
  for (const [name, type] of [['ip-192-0-2.example.org', 'A'], ['ip-192-0-2-7.example.org', 'AAAA'], ['ip-192-0-2-7.example.net', 'A']] as const)
    assert.equal((await server.query(name, type)).rcode, 'REFUSED', name)
}) // biome-ignore format: a table

test('a name that does not match fails where it does not fall through, and no rule below is asked', async () => {
  await using server = await startInProcess(`template IN A example.org {
  match ^a
  rcode NXDOMAIN
  fallthrough b.example.org
}
template IN A {
  answer "{{ .Name }} 60 IN A 192.0.2.1"
}`)
  const { rcode, flags } = await server.query('x.example.org')
  assert.deepEqual([rcode, flags], ['SERVFAIL', 'qr rd'])
  assert.equal((await server.query('a.example.org')).rcode, 'NXDOMAIN')
  assert.deepEqual((await server.query('x.b.example.org')).answer, ['x.b.example.org. 60 IN A 192.0.2.1'])
})

test('an extended error goes to clients that speak EDNS only', async () => {
  await using server = await startInProcess('template ANY ANY {\n rcode NXDOMAIN\n ederror 15 "not here"\n}')
  const { edns } = await server.query('example.org', 'A', { edns: true })
  assert.deepEqual(edns?.options.get(OPTION.EDE), Buffer.from('\0\x0fnot here'))
  assert.equal((await server.query('example.org', 'A')).edns, undefined)
})

test('rcode SERVFAIL comes alone', async () => {
  await using server = await startInProcess(
    'template IN A {\n rcode SERVFAIL\n ederror 15\n answer "x.example.org. 60 IN A 192.0.2.1"\n}\nerrors',
  )
  const { rcode, flags, answer, edns } = await server.query('example.org', 'A', { edns: true })
  assert.deepEqual([rcode, flags, answer, edns?.options.size], ['SERVFAIL', 'qr rd', [], 0])
  assert.ok(!server.lines.some(line => line.includes('plugin/errors')))
})

test('what cannot be made fails with a line that says which record and why, and is counted', async () => {
  await using server = await startInProcess(`template IN A example.org {
  answer "{{ .Name }} 60 IN A {{ index .Match 1 }}"
}
template IN MX example.org {
  match ^(\\w+)
  authority "{{ .Name }} 60 IN MX {{ index .Match 1 }} mail"
}
errors`)
  assert.equal((await server.query('ten.example.org', 'A')).rcode, 'SERVFAIL')
  assert.equal((await server.query('ten.example.org', 'MX')).rcode, 'SERVFAIL')
  await server.waitForLine(
    /plugin\/errors: 2 ten\.example\.org\. A: answer "\{\{ \.Name \}\} 60 IN A .*": index out of range: 1$/,
  )
  await server.waitForLine(/plugin\/errors: 2 ten\.example\.org\. MX: authority ".*": PREFERENCE must be a whole number/)
  const labels = { zone: 'example.org.', view: '', class: 'IN' }
  const [template, authority] = ['{{ .Name }} 60 IN A {{ index .Match 1 }}', '{{ .Name }} 60 IN MX {{ index .Match 1 }} mail']
  assert.equal(await server.metric('coredns_template_matches_total', { ...labels, type: 'MX' }), 1)
  assert.equal(
    await server.metric('coredns_template_template_failures_total', { ...labels, type: 'A', section: 'answer', template }),
    1,
  )
  assert.equal(
    await server.metric('coredns_template_rr_failures_total', {
      ...labels,
      type: 'MX',
      section: 'authority',
      template: authority,
    }),
    1,
  )
  assert.equal(await server.metric('coredns_panics_total'), 0)
})

test('an expression that fails does so with a line in the log; one that does not hold falls through', async () => {
  await using server = await startInProcess(`template IN A {
  match ^(?P<n>\\d+)
  var n int(group('n')[0:2])
  expr "100 % n == 0"
  answer "{{ .Name }} 60 IN A 192.0.2.{{ .Var.n }}"
  fallthrough
}
errors
script`)
  server.script = () => new Reply(RCODE.NXDOMAIN)
  assert.deepEqual((await server.query('50.example.org')).answer, ['50.example.org. 60 IN A 192.0.2.50'])
  assert.equal((await server.query('51.example.org')).rcode, 'NXDOMAIN')
  assert.equal((await server.query('00.example.org')).rcode, 'SERVFAIL')
  await server.waitForLine(/plugin\/errors: 2 00\.example\.org\. A: division by zero$/)
  assert.equal(await server.metric('coredns_panics_total'), 0)
})

test('metrics have no labels of types and classes that clients make up', async () => {
  await using server = await startInProcess('template ANY ANY {\n rcode NXDOMAIN\n}')
  for (const type of [65280, 65281, 255]) await server.query('example.org', type)
  const matches = [...server.server.metrics].find(({ name }) => name === 'coredns_template_matches_total')!
  const samples = await matches.samples()
  assert.deepEqual(
    samples.map(({ labels: { zone, class: className, type }, value }) => [zone, className, type, value]),
    [['.', 'IN', '', 2], ['.', 'IN', 'ANY', 1]],
  )
}) // biome-ignore format: a table

const ALIAS = 'template IN ANY a.example.org {\n answer "{{ .Name }} 60 IN CNAME www.example.org."\n}\nscript'

test('behind a CNAME stands what the server answers for its target, for addresses', async () => {
  await using server = await startInProcess(ALIAS)
  server.script = query => {
    const builder = new SectionsBuilder(query.key).address(query.key, 30, Buffer.of(192, 0, 2, 1))
    return Promise.resolve(Object.assign(answer(builder.build()), { ttl: 20 }))
  }
  const cname = 'a.example.org. 60 IN CNAME www.example.org.'
  assert.deepEqual((await server.query('a.example.org')).answer, [cname, 'www.example.org. 20 IN A 192.0.2.1'])
  assert.deepEqual((await server.query('a.example.org', 'TXT')).answer, [cname])
})

test('a target that cannot be found leaves the CNAME alone', async () => {
  await using server = await startInProcess(ALIAS)
  server.script = () => new Reply(RCODE.SERVFAIL)
  const { rcode, answer } = await server.query('a.example.org')
  assert.deepEqual([rcode, answer], ['NOERROR', ['a.example.org. 60 IN CNAME www.example.org.']])
})

test('a reply for the target that was cut says so', async () => {
  await using server = await startInProcess(ALIAS)
  server.script = () => new Reply(RCODE.NOERROR, FLAG.TC)
  assert.match((await server.query('a.example.org')).flags, /\btc\b/)
})

test('one of several replies for targets that was cut says so, too', async () => {
  await using server = await startInProcess(
    ALIAS.replace('www.example.org."', '$&\n answer "{{ .Name }} 60 IN CNAME other.example.org."'),
  )
  server.script = ({ name }) => new Reply(RCODE.NOERROR, name === 'www.example.org.' ? FLAG.TC : 0)
  assert.match((await server.query('a.example.org')).flags, /\btc\b/)
})

test('a CNAME that leads to itself ends', async () => {
  await using server = await startInProcess('template IN A {\n answer "{{ .Name }} 60 IN CNAME {{ .Name }}"\n}')
  const { rcode, answer } = await server.query('a.example.org')
  assert.equal(rcode, 'NOERROR')
  assert.ok(answer.length > 1 && answer.length < 12, `${answer.length} records`)
})

test('the message can be had, and the question as the client wrote it', async () => {
  await using server = await startInProcess(String.raw`template IN TXT {
  answer "{{ .Name }} 60 IN TXT \"{{ .Question.Name }} {{ .Message.Id }} {{ .Message.RecursionDesired }} {{ .Remote }}\""
}`)
  const { answer } = await server.query('WWW.example.org', 'TXT', { id: 4711, flags: 0 })
  assert.deepEqual(answer, ['WWW.example.org. 60 IN TXT "WWW.example.org. 4711 false 127.0.0.1"'])
})

test('what plugins tell of the query can be had', async () => {
  const options = template.parse(
    directiveOf(String.raw`template IN TXT {
  answer "{{ .Name }} 60 IN TXT \"{{ .Meta \"a/namespace\" }}|{{ .Meta \"a/none\" }}\""
}`),
  )
  const metadata = (label: string) => (label === 'a/namespace' ? ({ name }: Query) => `team of ${name}` : undefined)
  const block = { metadata, server: { metrics: new Metrics() } } as unknown as ServerBlock
  const handler = template.create(options, block).wrap!(() => new Reply(RCODE.REFUSED))
  const query = queryOf('example.org', 'TXT')
  const { sections } = await handler(query)
  assert.match(Buffer.from(sections.bytes).toString('latin1'), /team of example\.org\.\|$/)
})
