import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressRecord } from '#src/dns/address-record.ts'
import { toKey } from '#src/dns/name.ts'
import { type Sections, SectionsBuilder } from '#src/dns/sections.ts'

/** All that is to be seen of sections. */
function seen(sections: Sections) {
  const { answers, authorities, additionals, base, length, bytes, spans, addressGroups, minimumTtl } = sections
  const written = Buffer.alloc(length + 2)
  sections.write(written, 1)
  return { answers, authorities, additionals, base, length, bytes: Buffer.from(bytes), written, spans, addressGroups, minimumTtl }
}

for (const [name, octets] of [
  ['an IPv4 address', Buffer.of(192, 0, 2, 255)],
  ['an IPv6 address', Buffer.from('20010db8000000000000000000ff0001', 'hex')],
] as const) {
  test(`${name} is the record that is built of it`, () => {
    for (const host of ['web.example.org', 'a.much-longer.name.example.org']) {
      for (const ttl of [0, 5, 3600, 0x01020304, 0x7fffffff]) {
        const key = toKey(host)
        const built = new SectionsBuilder(key).address(key, ttl, octets).build()
        assert.deepEqual(seen(new AddressRecord(key, ttl, octets.toString('latin1'))), seen(built))
      }
    }
  })
}
