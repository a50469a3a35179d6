/** Records out of another reply, for merging into one of our own: names are taken out of their compression. */
import { TYPE } from '../dns/codes.ts'
import { endOfName, readKey } from '../dns/message.ts'
import type { Query } from '../dns/query.ts'
import type { Reply } from '../dns/reply.ts'
import { readTtl } from '../dns/sections.ts'

export type AnswerRecord = { readonly owner: string; readonly ttl: number } & (
  | { readonly octets: Uint8Array }
  | { readonly cname: string }
)

/**
 * The A, AAAA and CNAME records that answer `query` in `reply`, TTLs in seconds.
 * @throws {FormatError} a name is not well formed
 */
export function answerRecords(query: Query, reply: Reply): AnswerRecord[] {
  const { sections } = reply
  // Compression pointers count from the start of the message.
  const message = Buffer.concat([query.message.subarray(0, query.questionEnd), sections.bytes])
  const nameAt = (at: number): string => {
    endOfName(message, query.questionEnd + at)
    return readKey(message, query.questionEnd + at)
  }
  return sections.answerSpans.flatMap(({ start, fixed, end, type }): AnswerRecord[] => {
    const record = { owner: nameAt(start), ttl: reply.ttl ?? readTtl(sections.bytes, fixed) }
    if (type === TYPE.CNAME) return [{ ...record, cname: nameAt(fixed + 10) }]
    const size = type === TYPE.A ? 4 : type === TYPE.AAAA ? 16 : undefined
    return end - fixed - 10 === size ? [{ ...record, octets: sections.bytes.subarray(fixed + 10, end) }] : []
  })
}
