import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressRecords, addressOctets } from '#src/dns/address-records.ts'
import { toKey } from '#src/dns/name.ts'
import { type Sections, SectionsBuilder } from '#src/dns/sections.ts'

/** All that is to be seen of sections. */
function seen(sections: Sections) {
  const { answers, authorities, additionals, base, length, bytes, spans, addressGroups, minimumTtl } = sections
  const written = Buffer.alloc(length + 2)
  sections.write(written, 1)
  return { answers, authorities, additionals, base, length, bytes: Buffer.from(bytes), written, spans, addressGroups, minimumTtl }
}

const ipv4 = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => Buffer.of(192, 0, 2 + (i >> 8), 255 - (i & 255)))
const ipv6 = (count: number): Buffer[] =>
  ipv4(count).map(last => Buffer.concat([Buffer.from('20010db80000000000ff0000', 'hex'), last]))
const latin1 = (addresses: readonly Buffer[]) => addresses.map(address => address.toString('latin1'))

for (const [name, addresses] of [
  ['an IPv4 address', ipv4(1)],
  ['an IPv6 address', ipv6(1)],
  ['IPv4 addresses', ipv4(3)],
  ['IPv6 addresses', ipv6(10)],
] as const) {
  test(`${name}: the records that are built of them`, () => {
    for (const host of ['web.example.org', 'a.much-longer.name.example.org']) {
      for (const ttl of [0, 5, 3600, 0x01020304, 0x7fffffff]) {
        const key = toKey(host)
        const builder = new SectionsBuilder(key)
        for (const address of addresses) builder.address(key, ttl, address)
        assert.deepEqual(seen(new AddressRecords(key, addressOctets(latin1(addresses), ttl))), seen(builder.build()))
      }
    }
  })

  test(`${name}: in any order, each comes first as often as the others`, () => {
    const records = new AddressRecords(toKey('web.example.org'), addressOctets(latin1(addresses), 5))
    const { addressGroups, length, answers } = records
    const firsts = new Map<string, number>()
    for (let i = 0; i < 300 * answers; i++) {
      const message = Buffer.alloc(length + 2, 0xaa)
      records.write(message, 1)
      records.shuffle(message, 1)
      const shuffled = Array.from({ length: answers }, (_, k) =>
        message.subarray(1 + (k + 1) * (length / answers) - addresses[0]!.length, 1 + (k + 1) * (length / answers)),
      )
      firsts.set(shuffled[0]!.toString('hex'), (firsts.get(shuffled[0]!.toString('hex')) ?? 0) + 1)
      assert.deepEqual(shuffled.toSorted(Buffer.compare), addresses.toSorted(Buffer.compare))
      for (const [k, octets] of shuffled.entries()) octets.set(addresses[k]!)
      assert.deepEqual(message.subarray(1, -1), Buffer.from(records.bytes))
      assert.deepEqual([message[0], message.at(-1)], [0xaa, 0xaa])
    }
    assert.equal(firsts.size, answers)
    for (const count of firsts.values()) assert(count > 200 && count < 400, `${count} of 300`)
    assert.equal(addressGroups.length, answers > 1 ? 1 : 0)
  })
}

test('more than fit a message are left out, none is nothing', () => {
  assert.equal(addressOctets(latin1(ipv4(4001)), 5).length, 64_000)
  assert.equal(addressOctets(latin1(ipv6(2300)), 5).length, 2285 * 28)
  assert.equal(addressOctets([], 5), '')
})
