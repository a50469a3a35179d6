import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { runServer, startServer } from '#test/support/server.ts'

test('the client sees its own address, port and transport', async () => {
  await using server = await startServer('.:0 {\n  whoami\n}\n')
  const udp = await server.query('Who.example.org', 'TXT')
  assert.equal(udp.rcode, 'NOERROR')
  assert.equal(udp.flags, 'qr aa rd')
  assert.deepEqual(udp.answer, [])
  assert.equal(udp.additional[0], 'Who.example.org. 0 IN A 127.0.0.1')
  assert.match(udp.additional[1]!, /^_udp\.Who\.example\.org\. 0 IN SRV 0 0 \d+ \.$/)
})

const hasIpv6 = Object.values(networkInterfaces()).some(addresses => addresses?.some(({ address }) => address === '::1'))

test('so does one that comes over IPv6 and TCP', { skip: !hasIpv6 && 'no ::1 on this machine' }, async () => {
  await using server = await startServer('.:0 {\n  whoami\n}\n')
  const { additional } = await server.queryTcp('.', 'A', { address: '::1' })
  assert.equal(additional[0], '. 0 IN AAAA ::1')
  assert.match(additional[1]!, /^_tcp\. 0 IN SRV 0 0 \d+ \.$/)
})

test('the SRV record is left out where its name would be too long', async () => {
  await using server = await startServer('.:0 {\n  whoami\n}\n')
  const longest = `${`${'a'.repeat(49)}.`.repeat(4)}${'b'.repeat(53)}.`
  assert.deepEqual((await server.query(longest)).additional, [`${longest} 0 IN A 127.0.0.1`])
  assert.equal((await server.query(longest.slice(5))).additional.length, 2)
})

test('arguments are an error', async () => {
  await using command = await runServer('.:0 {\n  whoami please\n}\n', { args: ['-validate'] })
  assert.equal((await command.exited).code, 1)
  assert.match(command.stderr[0]!, /plugin\/whoami: .*Corefile:2 .*'please'/)
})
