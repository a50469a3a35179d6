import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Networks } from '#plugins/rrl/networks.ts'

/** Whether two addresses are one client. */
function isOne(networks: Networks, one: string, other: string): boolean {
  const of = (address: string) => networks.of({ address, port: 53, family: address.includes(':') ? 6 : 4 })
  return of(one) === of(other)
}

for (const [bits, one, other, expected] of [
  [56, '2001:db8:0:aa00::1', '2001:db8:0:aaff::2', true],
  [56, '2001:db8:0:aa00::1', '2001:db8:0:ab00::1', false],
  [57, '2001:db8:0:aa00::1', '2001:db8:0:aa7f::1', true],
  [57, '2001:db8:0:aa00::1', '2001:db8:0:aa80::1', false],
  [128, '2001:db8::1', '2001:db8::2', false],
  [24, '192.0.2.1', '192.0.2.255', true],
  [24, '192.0.2.1', '192.0.3.1', false],
  [23, '192.0.2.1', '192.0.3.1', true],
  [32, '192.0.2.1', '192.0.2.2', false],
  [1, '192.0.2.1', '128.0.0.0', true],
] as const)
  test(`with ${bits} bits, ${one} and ${other} are ${expected ? 'one client' : 'two'}`, () => {
    assert.equal(isOne(new Networks({ 4: bits, 6: bits }), one, other), expected)
  })

test('clients are the same when their addresses were forgotten', () => {
  const networks = new Networks({ 4: 32, 6: 128 })
  const of = (i: number) => networks.of({ address: `10.0.${i >> 8}.${i & 255}`, port: 53, family: 4 })
  const before = of(0)
  for (let i = 0; i < 10_000; i++) of(i)
  assert.equal(of(0), before)
})
