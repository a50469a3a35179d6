import type { Subject } from '#src/feeds/geoip/geo-data.ts'

/** What is told under a label. */
interface Fact {
  readonly subject: Subject
  /** @param record null where the address is in no network of the database */
  readonly read: (record: unknown) => string
}

/** The field of a record at these names, one within the other; undefined where the record has no such field. */
function at(record: unknown, names: readonly string[]): unknown {
  let value = record
  for (const name of names) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name]
  return value
}

const text = (value: unknown): string => (['string', 'number', 'bigint'].includes(typeof value) ? String(value) : '')

const field =
  (...names: string[]): Fact['read'] =>
  record =>
    text(at(record, names))

const place = (read: Fact['read']): Fact => ({ subject: 'place', read })
const network = (read: Fact['read']): Fact => ({ subject: 'network', read })

function subdivisions(record: unknown): string {
  const all = at(record, ['subdivisions'])
  return Array.isArray(all) ? all.map(field('iso_code')).join() : ''
}

/** The labels of CoreDNS, with what it tells of an address that the database does not know. */
export const FACTS: ReadonlyMap<string, Fact> = new Map([
  ['geoip/city/name', place(field('city', 'names', 'en'))],
  ['geoip/country/code', place(field('country', 'iso_code'))],
  ['geoip/country/name', place(field('country', 'names', 'en'))],
  ['geoip/country/is_in_european_union', place(record => String(at(record, ['country', 'is_in_european_union']) === true))],
  ['geoip/continent/code', place(field('continent', 'code'))],
  ['geoip/continent/name', place(field('continent', 'names', 'en'))],
  ['geoip/latitude', place(field('location', 'latitude'))],
  ['geoip/longitude', place(field('location', 'longitude'))],
  ['geoip/timezone', place(field('location', 'time_zone'))],
  ['geoip/postalcode', place(field('postal', 'code'))],
  ['geoip/subdivisions/code', place(subdivisions)],
  ['geoip/asn/number', network(record => field('autonomous_system_number')(record) || '0')],
  ['geoip/asn/org', network(field('autonomous_system_organization'))],
])
