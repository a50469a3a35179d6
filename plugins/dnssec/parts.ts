import { TYPE } from '#src/dns/codes.ts'
import { type WholeRecord, wholeRecords } from '#src/dns/rebase.ts'
import { type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import type { Query } from '#src/plugin.ts'

/** Records of one name and type in one section of a reply, and how they are signed. */
export interface Part {
  /** Key. */
  readonly owner: string
  readonly type: number
  /** In seconds: the smallest TTL of the records. Their signatures have the same (RFC 4034 §3). */
  readonly ttl: number
  /** As octets, in canonical form, in the order of the reply. */
  readonly data: readonly string[]
  /** Key of the zone that signs the records; undefined where none does. */
  signer?: string | undefined
  /** Data of the RRSIG records, as octets. */
  signatures?: readonly string[]
}

/** Answer, authority, additional. */
export type Parts = readonly [Part[], Part[], Part[]]

/** The parts of sections that answer `query`. */
export function partsOf(query: Query, sections: Sections): Parts {
  const { answers, authorities } = sections
  const records = wholeRecords(query, sections)
  const end = answers + authorities
  return [gather(records.slice(0, answers)), gather(records.slice(answers, end)), gather(records.slice(end))]
}

function gather(records: readonly WholeRecord[]): Part[] {
  const sets = Map.groupBy(records, ({ owner, type }) => owner + type)
  return Array.from(sets.values(), set => ({
    owner: set[0]!.owner,
    type: set[0]!.type,
    ttl: Math.min(...set.map(({ ttl }) => ttl)),
    data: set.map(({ data }) => Buffer.from(data).toString('latin1')),
  }))
}

/** The sections of a reply to a question for the name with this key. */
export function sectionsOf(key: string, parts: Parts): Sections {
  const builder = new SectionsBuilder(key)
  for (const [i, section] of parts.entries()) {
    if (i === 1) builder.authority()
    if (i === 2) builder.additional()
    for (const { owner, type, ttl, data, signatures = [] } of section) {
      for (const octets of data) builder.octets(owner, type, ttl, octets)
      for (const octets of signatures) builder.octets(owner, TYPE.RRSIG, ttl, octets)
    }
  }
  return builder.build()
}
