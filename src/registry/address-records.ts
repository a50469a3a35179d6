import { type Sections, SectionsBuilder } from '../dns/sections.ts'

/** More octets of records do not fit a message, whatever the transport. */
const MAX_OCTETS = 64_000

/**
 * The A or AAAA records of the name asked for; undefined without addresses. Their owner is a pointer to the question, so they hold for
 * every name of the same length.
 */
export function addressRecords(key: string, addresses: Iterable<string>, ttl: number): Sections | undefined {
  const builder = new SectionsBuilder(key)
  let octets = 0
  for (const address of addresses) {
    octets += 12 + address.length
    if (octets > MAX_OCTETS) break
    builder.address(key, ttl, Buffer.from(address, 'latin1'))
  }
  return octets === 0 ? undefined : builder.build()
}
