import { toOctets } from '#src/dns/address.ts'
import { TYPE } from '#src/dns/codes.ts'
import { keyOf, toKey } from '#src/dns/name.ts'
import { type Sections, SectionsBuilder } from '#src/dns/sections.ts'

const SOA = {
  mname: toKey('sns.dns.icann.org'),
  rname: toKey('noc.dns.icann.org'),
  serial: 2018050825,
  refresh: 7200,
  retry: 3600,
  expire: 1_209_600,
  minimum: 3600,
}

/** The labels and addresses of its name servers, in the order of a transfer. */
const SERVERS = [
  ['a', toOctets('2001:bd8::53')!],
  ['b', toOctets('2001:500::54')!],
] as const

/** Octets of the longest name that has room for one of the servers below it. */
export const LONGEST_ZONE = 255 - 'a'.length - 1

/**
 * The transfer of a zone with two name servers (RFC 5936 §2.2).
 * @param isWhole whether the SOA record is repeated at the end, as it must be
 */
export function smallZone(zone: string, isWhole: boolean): Sections {
  const sections = new SectionsBuilder(zone).soa(zone, 0, SOA)
  for (const [label] of SERVERS.toReversed()) sections.name(zone, TYPE.NS, 0, keyOf([label], zone))
  for (const [label, octets] of SERVERS) sections.address(keyOf([label], zone), 0, octets)
  if (isWhole) sections.soa(zone, 0, SOA)
  return sections.build()
}
