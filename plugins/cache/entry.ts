import { EXTENDED_ERROR, FLAG, RCODE } from '#src/dns/codes.ts'
import { NO_RECORDS, Sections } from '#src/dns/sections.ts'
import { type Query, Reply } from '#src/plugin.ts'
import type { Verdict } from './verdict.ts'

/** A reply as it is remembered. Times are `performance.now()`, which no change of the wall clock moves. */
export class Entry {
  readonly key: string
  readonly type: number
  readonly class: number
  readonly variant: number
  readonly upstreamOptions: string
  readonly verdict: Verdict
  readonly rcode: number
  readonly flags: number
  readonly sections: Sections
  readonly extendedError: Reply['extendedError']
  /** For how many seconds it is fresh. */
  readonly lifetime: number
  readonly stored: number
  /** Hits with no long gap between them, and when the last was. */
  hits = 0
  lastHit = 0
  /** The question to the upstream that is to replace this entry, while it is under way. */
  renewal: Promise<Entry | undefined> | undefined
  /** Until then the upstream, having failed, is left alone. */
  retryAt = 0

  constructor(query: Query, verdict: Verdict, reply: Reply, lifetime: number, now: number) {
    this.key = query.key
    this.type = query.type
    this.class = query.class
    this.variant = variantOf(query)
    this.upstreamOptions = query.upstreamOptions
    this.verdict = verdict
    this.rcode = reply.rcode
    this.flags = reply.flags & (FLAG.AA | FLAG.RA | FLAG.AD)
    this.sections = detach(reply.sections)
    this.extendedError = reply.extendedError
    if (verdict === 'failure') this.extendedError ??= { code: EXTENDED_ERROR.CACHED_ERROR }
    this.lifetime = lifetime
    this.stored = now
  }

  /** Whether it is a reply to just this question. */
  answers(query: Query): boolean {
    if (this.type !== query.type || this.class !== query.class || this.variant !== variantOf(query)) return false
    return this.key === query.key && this.upstreamOptions === query.upstreamOptions
  }

  /** Seconds for which it is still fresh; 0 or less for a stale one. @param now may be before it was stored, where the query had come already */
  remaining(now: number): number {
    return this.lifetime - Math.floor(Math.max(0, now - this.stored) / 1000)
  }

  /** Counts a hit. */
  hit(now: number, gap: number): void {
    this.hits = now - this.lastHit > gap ? 1 : this.hits + 1
    this.lastHit = now
  }

  reply(query: Query, ttl: number): Reply {
    const reply = new Reply(this.rcode, wantsAuthentic(query) ? this.flags : this.flags & ~FLAG.AD, this.sections)
    reply.ttl = ttl
    reply.extendedError = this.extendedError
    return reply
  }

  staleReply(query: Query, ttl: number): Reply {
    const reply = this.reply(query, ttl)
    reply.extendedError = { code: this.rcode === RCODE.NXDOMAIN ? EXTENDED_ERROR.STALE_NXDOMAIN : EXTENDED_ERROR.STALE_ANSWER }
    return reply
  }
}

/** The bits of a query's flags that may change its reply. */
const REPLY_BITS = FLAG.RD | FLAG.CD

/** What else than name, type and class may change the reply to a query. */
export const variantOf = ({ flags, edns }: Query): number => (flags & REPLY_BITS) | (edns?.dnssecOk ? 1 : 0)

/** Whether the client wants to be told that data is authentic (RFC 6840 §5.7, §5.8). */
export const wantsAuthentic = (query: Query): boolean => (query.flags & FLAG.AD) !== 0 || query.edns?.dnssecOk === true

/** The same records on memory of their own: an upstream's reply is a part of a receive buffer, which is larger and shared. */
function detach({ bytes, answers, authorities, additionals, base }: Sections): Sections {
  if (bytes.length === 0) return NO_RECORDS
  return new Sections(new Uint8Array(bytes), answers, authorities, additionals, base)
}
