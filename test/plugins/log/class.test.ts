import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { classOf, typeOf } from '#plugins/log/class.ts'
import { toOctets } from '#src/dns/address.ts'
import { RCODE, TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { NO_RECORDS, type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { Reply } from '#src/plugin.ts'
import { queryOf } from '#test/support/exchange.ts'

const key = toKey('www.example.org')
const zone = toKey('example.org')
const soa = { mname: zone, rname: zone, serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 }
const builder = () => new SectionsBuilder(key)
const address = builder().address(key, 60, toOctets('192.0.2.1')!).build()
const negative = builder().authority().soa(zone, 60, soa).build()
const aliasAndSoa = builder().name(key, TYPE.CNAME, 60, zone).authority().soa(zone, 60, soa).build()
const referral = builder().authority().name(zone, TYPE.NS, 60, key).additional().address(key, 60, toOctets('192.0.2.1')!).build()
const both = builder().authority().name(zone, TYPE.NS, 60, key).soa(zone, 60, soa).build()
const misplaced = builder().authority().strings(zone, TYPE.TXT, 60, ['x']).additional().soa(zone, 60, soa).build()
const odd = builder().authority().strings(zone, TYPE.TXT, 60, ['x']).build()

const cases: readonly (readonly [
  name: string,
  rcode: number,
  sections: Sections,
  type: string,
  class_: string,
  asked?: string,
])[] = [
  ['an answer', RCODE.NOERROR, address, 'NOERROR', 'success'],
  ['an answer with SOA', RCODE.NOERROR, aliasAndSoa, 'NOERROR', 'success'],
  ['nothing at all', RCODE.NOERROR, NO_RECORDS, 'NOERROR', 'success'],
  ['SOA alone', RCODE.NOERROR, negative, 'NODATA', 'denial'],
  ['SOA among others', RCODE.NOERROR, both, 'NODATA', 'denial'],
  ['a referral', RCODE.NOERROR, referral, 'DELEGATION', 'success'],
  ['some other authority', RCODE.NOERROR, odd, 'NOERROR', 'success'],
  ['SOA in the wrong section', RCODE.NOERROR, misplaced, 'NOERROR', 'success'],
  ['NXDOMAIN with SOA', RCODE.NXDOMAIN, negative, 'NXDOMAIN', 'denial'],
  ['NXDOMAIN without', RCODE.NXDOMAIN, NO_RECORDS, 'NXDOMAIN', 'denial'],
  ['NXDOMAIN with an answer', RCODE.NXDOMAIN, address, 'OTHERERROR', 'error'],
  ['SERVFAIL', RCODE.SERVFAIL, NO_RECORDS, 'SERVERERROR', 'error'],
  ['NOTIMP', RCODE.NOTIMP, NO_RECORDS, 'SERVERERROR', 'error'],
  ['REFUSED', RCODE.REFUSED, NO_RECORDS, 'OTHERERROR', 'error'],
  ['a transfer', RCODE.NOERROR, address, 'META', 'error', 'AXFR'],
  ['a part of one', RCODE.NOERROR, address, 'META', 'error', 'IXFR'],
]

suite('kinds of replies', () => {
  for (const [name, rcode, sections, type, class_, asked = 'A'] of cases) {
    test(name, () => {
      const query = queryOf('www.example.org', asked)
      assert.equal(typeOf(query, new Reply(rcode, 0, sections)), type)
      assert.equal(classOf(query, new Reply(rcode, 0, sections)), class_)
    })
  }
})
