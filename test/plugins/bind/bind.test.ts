import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { suite, test } from 'node:test'
import { bind } from '#plugins/bind/index.ts'
import type { ServerBlock } from '#src/plugin.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { startServer } from '#test/support/server.ts'

const loopback = Object.entries(networkInterfaces()).find(([, addresses]) =>
  addresses?.some(({ address }) => address === '127.0.0.1'),
)
const name = loopback?.[0] ?? ''
const addresses = loopback?.[1]?.map(({ address }) => address) ?? []

const accepted: readonly (readonly [lines: string, addresses: readonly string[]])[] = [
  ['bind 192.0.2.1', ['192.0.2.1']],
  ['bind 192.0.2.1 2001:DB8:0::1', ['192.0.2.1', '2001:db8::1']],
  ['bind 192.0.2.1\nbind 192.0.2.2', ['192.0.2.1', '192.0.2.2']],
  ['bind 192.0.2.1 192.0.2.1\nbind 192.0.2.1', ['192.0.2.1']],
  ['bind fe80::1%eth0', ['fe80::1%eth0']],
  ['bind 192.0.2.1 192.0.2.2 {\n except 192.0.2.2\n}', ['192.0.2.1']],
  ['bind 2001:db8::1 2001:db8::2 {\n except 2001:db8:0:0::1\n except 192.0.2.9\n}', ['2001:db8::2']],
  ['bind 192.0.2.1 192.0.2.2 {\n except 192.0.2.2\n}\nbind 192.0.2.2', ['192.0.2.1', '192.0.2.2']],
  [`bind ${name}`, addresses],
  [`bind 192.0.2.1 ${name} {\n except ${name}\n}`, ['192.0.2.1']],
] // biome-ignore format: a table

suite('addresses are read', () => {
  for (const [lines, expected] of accepted) {
    test(lines.replaceAll('\n', ' '), () => assert.deepEqual(bind.parse(directiveOf(lines)), expected))
  }
})

const refused: readonly (readonly [lines: string, message: RegExp])[] = [
  ['bind', /expected ADDRESS\|INTERFACE/],
  ['bind 192.0.2', /not a valid IP address or interface name: '192\.0\.2' \(column 6\)/],
  ['bind example.org', /not a valid IP address or interface name/],
  ['bind 192.0.2.1:53', /not a valid IP address or interface name/],
  ['bind 192.0.2.1 {\n except\n}', /expected ADDRESS\|INTERFACE/],
  ['bind 192.0.2.1 {\n except eth999\n}', /not a valid IP address or interface name: 'eth999'/],
  ['bind 192.0.2.1 {\n exept 192.0.2.1\n}', /unknown property 'exept' .*did you mean 'except'/],
  ['bind 192.0.2.1 {\n except 192.0.2.1\n}', /except leaves no address to bind to/],
  ['bind __proto__', /not a valid IP address or interface name/],
]

suite('mistakes are named', () => {
  for (const [lines, message] of refused) {
    test(lines.replaceAll('\n', ' '), () => {
      refuses(bind, lines, message)
    })
  }
})

test('a link-local address of an interface keeps its zone', t => {
  const link = { address: 'fe80::1', netmask: '', family: 'IPv6', mac: '', internal: false, cidr: null, scopeid: 2 } as const
  t.mock.method(process.getBuiltinModule('node:os'), 'networkInterfaces', () => ({
    eth0: [link, { ...link, address: '2001:db8::1' }],
  }))
  process.getBuiltinModule('node:module').syncBuiltinESMExports()
  t.after(() => process.getBuiltinModule('node:module').syncBuiltinESMExports())
  assert.deepEqual(bind.parse(directiveOf('bind eth0')), ['fe80::1%eth0', '2001:db8::1'])
})

test('addresses add up in the server block', () => {
  const block = { bind: ['192.0.2.1'] } as unknown as ServerBlock
  bind.create(['192.0.2.2'], block)
  assert.deepEqual(block.bind, ['192.0.2.1', '192.0.2.2'])
})

test('the server listens where it is told, and nowhere else', async () => {
  await using server = await startServer('.:0 {\n bind 127.0.0.2\n whoami\n}\n')
  assert.equal((await server.query('example.org', 'A', { address: '127.0.0.2' })).rcode, 'NOERROR')
  assert.equal((await server.queryTcp('example.org', 'A', { address: '127.0.0.2' })).rcode, 'NOERROR')
  await assert.rejects(server.query('example.org', 'A', { address: '127.0.0.1', timeout: 1000 }))
  await server.waitForLine(/^\.:\d+ on 127\.0\.0\.2$/)
})
