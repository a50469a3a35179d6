/** Replies whose addresses are translated. */
import { TYPE } from '../dns/codes.ts'
import type { Query } from '../dns/query.ts'
import { rebase, type WholeRecord } from '../dns/rebase.ts'
import type { Reply } from '../dns/reply.ts'
import { readTtl, type Sections, SectionsBuilder } from '../dns/sections.ts'

/** The longest TTL of a translated address, in seconds, if no SOA says how long there will be none of its own family (RFC 6147 §5.1.7). */
const LONGEST_TTL = 600

/** How long it may be said that there are no addresses, in seconds. */
export function absence({ sections, ttl }: Reply): number {
  const { answers, authorities, spans } = sections
  const soa = spans.slice(answers, answers + authorities).findLast(({ type }) => type === TYPE.SOA)
  return soa ? (ttl ?? readTtl(sections.bytes, soa.fixed)) : LONGEST_TTL
}

/** The records of a reply to `asked`, each of the answer as `change` has it; without those for which that is undefined. */
export function rebuilt(
  asked: Query,
  { sections, ttl }: Reply,
  change: (record: WholeRecord) => WholeRecord | undefined,
): Sections {
  const changed = (record: WholeRecord, at: number) => {
    const sent = { ...record, ttl: ttl ?? record.ttl }
    return at < sections.answers ? change(sent) : sent
  }
  return rebase(asked, sections, new SectionsBuilder(asked.key), changed).build()
}
