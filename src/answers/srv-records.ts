import type { Srv } from '../dns/rdata.ts'
import { type Sections, SectionsBuilder } from '../dns/sections.ts'

/** With more endpoints than this, addresses are left out: the message would not hold them. */
const MAX_ADDITIONAL = 500

/** More SRV records than this do not fit a message. */
export const MAX_SRV_RECORDS = 1500

/**
 * The SRV records of `key`, with addresses in the additional section.
 * @param weight of each
 * @param addresses by owner
 */
export function srvRecords(
  key: string,
  ttl: number,
  weight: number,
  services: Iterable<Pick<Srv, 'target' | 'port'>>,
  addresses: readonly (readonly [owner: string, address: string])[],
): Sections {
  const builder = new SectionsBuilder(key)
  for (const { target, port } of services) builder.srv(key, ttl, { priority: 0, weight, port, target })
  builder.additional()
  if (addresses.length <= MAX_ADDITIONAL)
    for (const [owner, address] of addresses) builder.address(owner, ttl, Buffer.from(address, 'latin1'))
  return builder.build()
}

/** What each of `count` records weighs, together about a hundred. */
export const weightOf = (count: number): number => Math.max(1, Math.floor(100 / count))
