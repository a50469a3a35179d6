import { FLAG, RCODE, TYPE } from '#src/dns/codes.ts'
import { soaOf } from '#src/dns/denial.ts'
import { epochSeconds } from '#src/dns/epoch.ts'
import { readKey } from '#src/dns/message.ts'
import type { RecordSpan } from '#src/dns/record-spans.ts'
import { readUint16, readUint32, type Sections } from '#src/dns/sections.ts'
import type { Query, Reply } from '#src/plugin.ts'

/**
 * What a reply says about its question:
 * - `answer`: the records that were asked for;
 * - `denial`: there are none; an SOA record says for how long (RFC 2308 §2), without one it is for the client that asked alone;
 * - `empty`: NOERROR with neither answer nor SOA record, as in a referral;
 * - `failure`: SERVFAIL or NOTIMP.
 */
export type Verdict = 'answer' | 'denial' | 'empty' | 'failure'

/** The verdict of a reply; undefined for one that must not be given to others. */
export function verdictOf(query: Query, reply: Reply): Verdict | undefined {
  const { rcode, sections } = reply
  if (reply.flags & FLAG.TC) return undefined
  if (rcode === RCODE.SERVFAIL || rcode === RCODE.NOTIMP) return 'failure'
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return undefined
  if (query.edns?.dnssecOk && sections.spans.some(span => isOutdated(sections.bytes, span))) return undefined
  if (rcode === RCODE.NOERROR && answersQuestion(query, sections)) return 'answer'
  if (rcode === RCODE.NXDOMAIN || soaOf(sections)) return 'denial'
  // Aliases that lead nowhere come from an upstream that did not finish.
  return sections.answers === 0 ? 'empty' : undefined
}

/** Whether a record is a signature that is not valid now (RFC 4034 §3.1.5: the times are serial numbers). */
function isOutdated(bytes: Uint8Array, { type, fixed }: RecordSpan): boolean {
  if (type !== TYPE.RRSIG) return false
  const now = epochSeconds()
  const [expiration, inception] = [readUint32(bytes, fixed + 18), readUint32(bytes, fixed + 22)]
  return ((expiration - now) | 0) < 0 || ((now - inception) | 0) < 0
}

/** The octets that a pointer to the question's name has. */
const QUESTION_NAME = 0xc00c

/** Whether the answer section holds what was asked for, at the end of the aliases that start at the question's name (RFC 1034 §3.6.2). */
function answersQuestion(query: Query, sections: Sections): boolean {
  const { bytes, answers } = sections
  const spans = sections.spans.slice(0, answers)
  if (answers === 0) return false
  if (spans.every(({ start, type }) => type === query.type && readUint16(bytes, start) === QUESTION_NAME)) return true
  return leadsToAnswer(query, sections, spans)
}

function leadsToAnswer(query: Query, { bytes, base }: Sections, spans: readonly RecordSpan[]): boolean {
  const message = Buffer.concat([query.message.subarray(0, query.questionEnd), bytes])
  const nameAt = (at: number) => readKey(message, base + at)
  const aliases = new Map<string, string>()
  const holders = new Set<string>()
  for (const { start, fixed, type } of spans) {
    const owner = nameAt(start)
    if (type === query.type || query.type === TYPE.ANY) holders.add(owner)
    if (type !== TYPE.CNAME) continue
    const target = nameAt(fixed + 10)
    // Two targets contradict each other (RFC 2181 §10.1).
    if ((aliases.get(owner) ?? target) !== target) return false
    aliases.set(owner, target)
  }
  let name = query.key
  if (query.type === TYPE.CNAME || query.type === TYPE.ANY) return holders.has(name)
  // A longer walk than there are aliases goes in circles.
  for (let steps = 0; aliases.has(name); steps++) {
    if (steps === aliases.size) return false
    name = aliases.get(name)!
  }
  return holders.has(name)
}
