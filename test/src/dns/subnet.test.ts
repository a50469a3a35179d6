import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toOctets } from '#src/dns/address.ts'
import { Subnet } from '#src/dns/subnet.ts'

const cases: readonly (readonly [cidr: string, inside: readonly string[], outside: readonly string[]])[] = [
  ['192.0.2.0/24', ['192.0.2.0', '192.0.2.255'], ['192.0.3.0', '192.0.1.255', '2001:db8::1']],
  ['192.0.2.77/25', ['192.0.2.0', '192.0.2.127'], ['192.0.2.128']],
  ['192.0.2.4/32', ['192.0.2.4'], ['192.0.2.5']],
  ['0.0.0.0/0', ['192.0.2.1', '255.255.255.255'], ['::1']],
  ['128.0.0.0/1', ['192.0.2.1'], ['10.0.0.1']],
  ['2001:db8::/32', ['2001:db8:ffff::1'], ['2001:db9::1', '32.1.13.184']],
  ['2001:db8::8/125', ['2001:db8::f'], ['2001:db8::10']],
]

for (const [cidr, inside, outside] of cases) {
  test(`${cidr} has what begins alike`, () => {
    const subnet = Subnet.parse(cidr)!
    for (const address of inside) assert.equal(subnet.has(toOctets(address)!), true, address)
    for (const address of outside) assert.equal(subnet.has(toOctets(address)!), false, address)
  })
}

test('what is no CIDR is told', () => {
  for (const text of ['192.0.2.0', '192.0.2.0/33', '192.0.2.0/', '192.0.2.0/-1', '192.0.2/24', '2001:db8::/129', 'a/8', '']) {
    assert.equal(Subnet.parse(text), undefined, text)
  }
})
