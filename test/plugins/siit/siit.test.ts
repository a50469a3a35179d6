import assert from 'node:assert/strict'
import { test } from 'node:test'
import { siit } from '#plugins/siit/index.ts'
import { FLAG, RCODE, TYPE } from '#src/dns/codes.ts'
import { Reply } from '#src/plugin.ts'
import { refuses } from '#test/support/directive.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { script } from './upstream.ts'

// RFC 6052 §2.4.
for (const [prefix, address] of [
  ['2001:db8::/32', '2001:db8:c000:221::'],
  ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
  ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
  ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
  ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100:0'],
  ['2001:db8:122:344::/96', '2001:db8:122:344::c000:221'],
] as const)
  test(`192.0.2.33 in ${address}`, async () => {
    await using server = await startInProcess(`siit {\nipv6_prefix ${prefix}\n}\nhosts {\n${address} a.example.org\n}`)
    assert.deepEqual((await server.query('a.example.org')).answer, ['a.example.org. 600 IN A 192.0.2.33'])
  })

test('addresses without a translation are left out, and those of the table come first', async () => {
  await using upstream = await startUpstream(script)
  await using server = await startInProcess(
    `prometheus localhost:0\nsiit {\neam 198.51.100.7 2001:db8::7\neam 198.51.100.9 64:ff9b::c000:201\n}\nforward . ${upstream.to}`,
  )
  assert.deepEqual((await server.query('table.example.org')).answer, ['table.example.org. 300 IN A 198.51.100.7'])
  assert.deepEqual((await server.query('short.example.org')).answer, ['short.example.org. 30 IN A 198.51.100.9'])
  assert.deepEqual((await server.query('v6.example.org')).answer, [])
  assert.equal(await server.metric('coredns_siit_requests_translated_total'), 2)
})

test('beside dns64, neither translates what the other has made', async () => {
  await using upstream = await startUpstream(script)
  await using server = await startInProcess(`dns64 {\nallow_ipv4\n}\nsiit\nforward . ${upstream.to}`)
  assert.deepEqual((await server.query('v4.example.org', 'AAAA')).answer, ['v4.example.org. 300 IN AAAA 64:ff9b::c000:201'])
  assert.deepEqual((await server.query('short.example.org', 'A')).answer, ['short.example.org. 30 IN A 192.0.2.1'])
  for (const type of ['A', 'AAAA']) {
    const { rcode, answer } = await server.query('text.example.org', type)
    assert.deepEqual([rcode, answer], ['NOERROR', []])
  }
  assert.ok(upstream.seen.length < 15, `${upstream.seen.length} queries`)
})

test('a truncated reply goes to the client, who asks again', async () => {
  await using server = await startInProcess('siit\nscript')
  const types: number[] = []
  server.script = ({ type }) => {
    types.push(type)
    return new Reply(RCODE.NOERROR, FLAG.TC)
  }
  assert.equal((await server.query('a.example.org')).flags, 'qr tc rd')
  assert.deepEqual(types, [TYPE.A])
})

test('mistakes are named', () => {
  refuses(siit, 'siit {\nipv6_prefix 64:ff9b::/95\n}', /PREFIX must be of 32, 40, 48, 56, 64 or 96 bits: '64:ff9b::\/95'/)
  refuses(siit, 'siit {\nipv6_prefix 2001:db8:0:0:100::/96\n}', /bits 64 to 71 of PREFIX must be 0/)
  refuses(siit, 'siit {\neam 2001:db8::1 192.0.2.1\n}', /IPV4 must be an address of IPv4: '2001:db8::1'/)
  refuses(siit, 'siit {\neam 192.0.2.1 192.0.2.1\n}', /IPV6 must be an address of IPv6: '192\.0\.2\.1'/)
})
