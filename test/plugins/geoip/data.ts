import { writeMmdb } from '#test/support/mmdb.ts'

const cambridge = {
  city: { names: { en: 'Cambridge', es: 'Cambridge' } },
  continent: { code: 'EU', names: { en: 'Europe' } },
  country: { iso_code: 'GB', names: { en: 'United Kingdom' }, is_in_european_union: false },
  location: { latitude: 52.2242, longitude: 0.1315, time_zone: 'Europe/London' },
  postal: { code: 'CB4' },
  subdivisions: [{ iso_code: 'ENG' }, { iso_code: 'CAM' }],
}
const cityOf = (name: string, code: string, country: string) => ({
  city: { names: { en: name } },
  country: { iso_code: code, names: { en: country }, is_in_european_union: true },
})

export const places = {
  '81.2.69.0/24': cambridge,
  '81.2.69.128/25': cityOf('São João', 'PT', 'Portugal'),
  '127.0.0.0/30': cityOf('Köln', 'DE', 'Germany'),
  '127.0.0.1/32': cambridge,
  '127.0.0.2/32': { country: { iso_code: 'XX' } },
  '2001:db8::/32': cityOf('Sixville', 'FR', 'France'),
}

export const city = writeMmdb({ type: 'GeoLite2-City', networks: places })

export const asn = writeMmdb({
  type: 'GeoLite2-ASN',
  networks: {
    '127.0.0.0/8': { autonomous_system_number: 64_496, autonomous_system_organization: 'Example Net' },
    '81.2.69.0/24': { autonomous_system_number: 0, autonomous_system_organization: 'Not routed' },
  },
})

/** That of the README's examples: who asks on this machine, and documentation addresses (RFC 5737, RFC 3849). */
export const example = writeMmdb({
  type: 'Example-City',
  networks: {
    '127.0.0.0/8': cityOf('Exampleton', 'FR', 'France'),
    '192.0.2.0/24': cityOf('Exampleburg', 'DE', 'Germany'),
    '198.51.100.0/24': cambridge,
    '2001:db8::/32': cityOf('Exampleburg', 'DE', 'Germany'),
  },
})

export const LABELS = [
  'city/name', 'country/code', 'country/name', 'country/is_in_european_union', 'continent/code', 'continent/name', 'latitude',
  'longitude', 'timezone', 'postalcode', 'subdivisions/code', 'asn/number', 'asn/org',
] // biome-ignore format: a list

/** An EDNS Client Subnet option (RFC 7871 §6). */
export const subnet = (family: number, bits: number, ...address: readonly number[]) =>
  [8, Uint8Array.of(0, family, bits, 0, ...address)] as const
