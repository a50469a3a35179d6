import { FLAG, RCODE } from '../dns/codes.ts'
import type { Query } from '../dns/query.ts'
import { answer, failedBy, type Reply, shuffled } from '../dns/reply.ts'
import { type Sections, SectionsBuilder } from '../dns/sections.ts'
import { type AnswerRecord, answerRecords } from './answer-records.ts'

/** The most that are looked up: each is a query of its own. */
const MAX_TARGETS = 32

/**
 * The addresses of places that are names, as the chain answers them, and those that are known, in one reply.
 * @param targets keys
 * @param known the host's own address records
 * @param ttl the most that the merged records have, in seconds
 * @returns undefined where there is no address, and none is left out of a truncated reply
 */
export async function answerTargets(
  query: Query,
  targets: readonly string[],
  known: Sections | undefined,
  ttl: number,
  resolve: (query: Query) => Reply | PromiseLike<Reply>,
): Promise<Reply | undefined> {
  const names = [...new Set(targets)].slice(0, MAX_TARGETS)
  const replies = await Promise.all(
    names.map(async name => {
      const derived = query.derive(name, query.type)
      const reply = await resolve(derived)
      return { reply, records: answerRecords(derived, reply) }
    }),
  )
  const own = known ? answerRecords(query, answer(known)) : []
  const addresses = new Map<string, AnswerRecord & { octets: Uint8Array }>()
  for (const record of [...own, ...replies.flatMap(({ records }) => records)])
    if ('octets' in record) addresses.set(Buffer.from(record.octets).toString('latin1'), record)
  const truncated = replies.some(({ reply: { flags } }) => (flags & FLAG.TC) !== 0)
  if (addresses.size === 0 && !truncated) {
    const failed = replies.find(({ reply: { rcode } }) => rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN)
    return failed && failedBy(failed.reply)
  }
  // Records of one name and type have one TTL (RFC 2181 §5.2).
  const least = Math.min(ttl, ...Array.from(addresses.values(), record => record.ttl))
  const builder = new SectionsBuilder(query.key)
  for (const { octets } of addresses.values()) builder.address(query.key, least, octets)
  const merged = shuffled(builder.build())
  if (truncated) merged.flags |= FLAG.TC
  return merged
}
