import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runServer, startServer } from '#test/support/server.ts'

const inline = (lines: string) => `.:0 {\n  hosts /dev/null {\n    ${lines.replaceAll('; ', '\n    ')}\n  }\n  whoami\n}\n`

test('without options the TTL is 3600 and the zones are those of the server block', async () => {
  await using server = await startServer(
    'example.org:0 10.0.0.0/8:0 {\n  hosts /dev/null {\n    10.1.2.3 a.example.org a.example.net\n  }\n}\n',
  )
  assert.deepEqual((await server.query('a.example.org')).answer, ['a.example.org. 3600 IN A 10.1.2.3'])
  assert.deepEqual((await server.query('3.2.1.10.in-addr.arpa', 'PTR')).answer, [
    '3.2.1.10.in-addr.arpa. 3600 IN PTR a.example.org.',
  ])
})

test('no_reverse: addresses have no names', async () => {
  await using server = await startServer(inline('192.0.2.1 a.example.org; no_reverse'))
  assert.equal((await server.query('1.2.0.192.in-addr.arpa', 'PTR')).additional.length, 2)
})

test('fallthrough passes unknown names on, and known names of other types not', async () => {
  await using server = await startServer(inline('192.0.2.1 a.example.org; fallthrough'))
  assert.equal((await server.query('b.example.org')).additional.length, 2)
  assert.equal((await server.query('a.example.org', 'AAAA')).additional.length, 0)
  assert.equal((await server.query('a.example.org', 'TXT')).additional.length, 0)
})

test('fallthrough with zones passes on names in those zones only', async () => {
  await using server = await startServer(inline('192.0.2.1 a.example.org; fallthrough example.org'))
  assert.equal((await server.query('b.example.org')).additional.length, 2)
  assert.equal((await server.query('b.example.net')).rcode, 'SERVFAIL')
})

test('fallthrough_unsupported passes on known names of types other than A, AAAA and PTR', async () => {
  await using server = await startServer(
    inline('192.0.2.1 a.example.org a.example.net; fallthrough example.org; fallthrough_unsupported'),
  )
  assert.equal((await server.query('a.example.org', 'TXT')).additional.length, 2)
  assert.equal((await server.query('a.example.org', 'AAAA')).additional.length, 0)
  assert.equal((await server.query('a.example.net', 'TXT')).additional.length, 0)
})

test('a relative file counts from the root', async () => {
  const corefile = '.:0 {\n  root data\n  hosts names\n}\n'
  await using server = await startServer(corefile, { files: { 'data/names': '192.0.2.1 a.example.org\n' } })
  assert.equal((await server.query('a.example.org')).answer.length, 1)
})

test('a line that is neither option nor data is a warning with its place', async () => {
  await using server = await startServer(inline('192.0.2.1 a.example.org; tll 60'))
  assert.match(await server.waitForLine(/\[WARNING\] plugin\/hosts/), /plugin\/hosts: \S*Corefile:4 .*'tll' .*did you mean 'ttl'/)
  assert.equal((await server.query('a.example.org')).rcode, 'NOERROR')
})

for (const [lines, message] of [
  ['ttl 0', /SECONDS must be a whole number between 1 and 65535: '0'/],
  ['ttl 65536', /SECONDS must be a whole number/],
  ['ttl', /expected SECONDS/],
  ['ttl 60 70', /'70'/],
  ['reload 5', /DURATION must be a duration .*'5'/],
  ['reload -1s', /DURATION is out of range: '-1s'/],
  ['reload 600h', /DURATION is out of range: '600h'/],
  ['no_reverse now', /'now'/],
  ['fallthrough bad..zone', /'bad\.\.zone' is not a zone/],
  ['fallthrough; 192.0.2.1 a.example.org', /unknown property '192\.0\.2\.1'/],
  ['fallthrough; no_revers', /unknown property 'no_revers' .*did you mean 'no_reverse'/],
  ['fallthrough_unsupported', /fallthrough_unsupported requires fallthrough/],
  ['ttl 60; }; hosts {', /only be used once per Server Block/],
] as const) {
  test(`${lines} is an error`, async () => {
    await using command = await runServer(inline(lines), { args: ['-validate'] })
    assert.equal((await command.exited).code, 1)
    assert.match(command.stderr.join('\n'), message)
    assert.match(command.stderr.join('\n'), /^plugin\/hosts: .*Corefile:\d+ - Error during parsing: /)
  })
}
