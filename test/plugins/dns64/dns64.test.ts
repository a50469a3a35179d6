import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dns64 } from '#plugins/dns64/index.ts'
import { TYPE } from '#src/dns/codes.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { answer, failure } from '#src/plugin.ts'
import { askUdp } from '#test/support/client.ts'
import { refuses } from '#test/support/directive.ts'
import { type InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { type Answer, type QueryOptions, queryMessage, readAnswer } from '#test/support/message.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { script } from './upstream.ts'

/** What a client is told that asks over IPv6. */
const asked = async ({ port }: InProcessServer, name: string, type = 'AAAA', options: QueryOptions = {}): Promise<Answer> =>
  readAnswer(await askUdp(queryMessage(name, type, options), { port, address: '::1' }))

test('an address of IPv4 stands behind the prefix, with its own time or that of the SOA', async () => {
  await using upstream = await startUpstream(script)
  await using server = await startInProcess(`prometheus localhost:0\ndns64\nforward . ${upstream.to}`)
  const { answer, flags } = await asked(server, 'v4.example.org')
  assert.deepEqual(answer.toSorted(), [
    'v4.example.org. 300 IN AAAA 64:ff9b::c000:201',
    'v4.example.org. 300 IN AAAA 64:ff9b::c633:6402',
  ])
  assert.equal(flags, 'qr rd ra')
  assert.deepEqual((await asked(server, 'short.example.org')).answer, ['short.example.org. 30 IN AAAA 64:ff9b::c000:201'])
  assert.deepEqual((await asked(server, 'bare.example.org')).answer, ['bare.example.org. 600 IN AAAA 64:ff9b::c000:207'])
  assert.deepEqual((await server.query('v4.example.org', 'AAAA')).answer, [])
  assert.equal(await server.metric('coredns_dns64_requests_translated_total'), 3)
})

// RFC 6052 §2.4.
for (const [prefix, address] of [
  ['2001:db8::/32', '2001:db8:c000:221::'],
  ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
  ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
  ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
  ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100:0'],
  ['2001:db8:122:344::/96', '2001:db8:122:344::c000:221'],
] as const)
  test(`192.0.2.33 behind ${prefix}`, async () => {
    await using server = await startInProcess(`dns64 ${prefix}\nhosts {\n192.0.2.33 a.example.org\n}`)
    assert.deepEqual((await asked(server, 'a.example.org')).answer, [`a.example.org. 600 IN AAAA ${address}`])
  })

test('the prefix is found with ipv4only.arpa (RFC 7050)', async () => {
  await using upstream = await startUpstream(script)
  await using server = await startInProcess(`dns64 2001:db8::/96\nforward . ${upstream.to}`)
  const { answer } = await asked(server, 'ipv4only.arpa')
  assert.deepEqual(answer.map(record => record.split(' ').at(-1)).sort(), ['2001:db8::c000:aa', '2001:db8::c000:ab'])
})

test('mapped addresses do not count', async () => {
  await using upstream = await startUpstream(script)
  await using server = await startInProcess(`dns64\nforward . ${upstream.to}`)
  assert.deepEqual((await asked(server, 'mapped.example.org')).answer, ['mapped.example.org. 600 IN AAAA 64:ff9b::c000:201'])
  assert.deepEqual((await asked(server, 'some.example.org')).answer.toSorted(), [
    'some.example.org. 3600 IN AAAA 2001:db8::1',
    'some.example.org. 3600 IN AAAA ::',
  ])
})

test('who validates gets what there is', async () => {
  await using upstream = await startUpstream(script)
  await using server = await startInProcess(`dns64\nforward . ${upstream.to}`)
  const options = { flags: 0x0110, edns: { dnssecOk: true } }
  assert.deepEqual((await asked(server, 'v4.example.org', 'AAAA', options)).answer, [])
  assert.equal((await asked(server, 'v4.example.org', 'AAAA', { flags: 0x0110 })).answer.length, 2)
  assert.equal((await asked(server, 'v4.example.org', 'AAAA', { edns: { dnssecOk: true } })).answer.length, 2)
})

test('translate_all leaves names their IPv6 addresses that have no others', async () => {
  await using upstream = await startUpstream(script)
  await using server = await startInProcess(`dns64 {\n translate_all\n}\nforward . ${upstream.to}`)
  assert.deepEqual((await asked(server, 'v6.example.org')).answer, ['v6.example.org. 3600 IN AAAA 2001:db8::1'])
  assert.deepEqual((await asked(server, 'both.example.org')).answer, ['both.example.org. 600 IN AAAA 64:ff9b::c000:201'])
})

test('without an answer for AAAA that for A is translated', async () => {
  await using server = await startInProcess('dns64\nscript')
  server.script = ({ key, type }) =>
    type === TYPE.A
      ? answer(new SectionsBuilder(key).address(key, 3600, Uint8Array.of(192, 0, 2, 7)).build())
      : failure('no answer')
  assert.deepEqual((await asked(server, 'a.example.org')).answer, ['a.example.org. 600 IN AAAA 64:ff9b::c000:207'])
})

test('what acl drops stays dropped', async () => {
  await using server = await startInProcess('dns64\nacl {\n drop type AAAA\n}\nhosts {\n192.0.2.33 a.example.org\n}')
  await assert.rejects(
    askUdp(queryMessage('a.example.org', 'AAAA'), { port: server.port, address: '::1', timeout: 200 }),
    /no reply/,
  )
})

test('mistakes are named', () => {
  for (const [lines, message] of [
    ['192.0.2.0/24', /PREFIX must be an IPv6 prefix such as 64:ff9b::\/96: '192\.0\.2\.0\/24'/],
    ['64:ff9b::', /PREFIX must be an IPv6 prefix/],
    ['64:ff9b::/95', /PREFIX must be of 32, 40, 48, 56, 64 or 96 bits: '64:ff9b::\/95'/],
    ['64:ff9b::/96 64:ff9b::/96', /expected no more arguments/],
    ['{\n prefix\n}', /expected PREFIX/],
    ['{\n allow_ipv4 yes\n}', /expected no more arguments/],
    ['{\n translate\n}', /unknown property 'translate'/],
  ] as const)
    refuses(dns64, `dns64 ${lines}`, message)
})
