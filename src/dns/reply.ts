import { EXTENDED_ERROR, FLAG, RCODE } from './codes.ts'
import { Pending } from './pending.ts'
import type { Query } from './query.ts'
import { NO_RECORDS, type Sections } from './sections.ts'

/**
 * The answer to one query, on its way up the chain. It belongs to that query alone, so a plugin may set its fields;
 * the sections are shared and stay as they are (give the reply others instead).
 */
export class Reply {
  rcode: number
  /** AA, RA, AD and TC as `FLAG` bits; id, opcode, RD and CD are the query's. */
  flags: number
  sections: Sections
  /** The sections of further messages, over a stream, for records that one message does not hold (RFC 5936 §2.2). */
  following: IteratorObject<Sections> | undefined = undefined
  /** When set, every record is sent with this TTL, in seconds. */
  ttl: number | undefined = undefined
  /** Send the addresses of each name in random order. */
  shuffle = false
  /** The Corefile word of the plugin that made it. */
  plugin: string | undefined = undefined
  /** `address:port` of the server that gave it, or was asked last; undefined if none was asked. */
  upstream: string | undefined = undefined
  /** Called with each message of the reply when it has been written, in memory that is reused later. Must not throw. */
  sent: ((message: Uint8Array) => void) | undefined = undefined
  /** The client gets no reply at all. */
  silent = false
  /** What went wrong, if something did. */
  cause: unknown = undefined
  /** Sent to clients that speak EDNS (RFC 8914). */
  extendedError: { code: number; text?: string } | undefined = undefined

  constructor(rcode: number, flags = 0, sections: Sections = NO_RECORDS) {
    this.rcode = rcode
    this.flags = flags
    this.sections = sections
  }
}

/** Calls `step` with a reply to `query`, now or when it comes. A `step` that is the same function for all queries costs no memory while they wait. */
export function onReply<A>(
  query: Query,
  reply: Reply | PromiseLike<Reply>,
  step: (reply: Reply, query: Query) => A,
): A | PromiseLike<Awaited<A>> {
  if (reply instanceof Reply) return step(reply, query)
  const isItsOwn = reply instanceof Pending && reply.about === query
  return reply.then(isItsOwn ? (step as (reply: Reply) => A) : late => step(late, query)) as PromiseLike<Awaited<A>>
}

/** NOERROR with records. */
export const answer = (sections: Sections): Reply => new Reply(RCODE.NOERROR, FLAG.AA, sections)

/** The same, with the addresses of each name in random order. */
export function shuffled(sections: Sections): Reply {
  const reply = answer(sections)
  reply.shuffle = true
  return reply
}

/** NOERROR without an answer: the name exists, the type does not. `soa` has the zone's SOA as authority, which makes it cacheable (RFC 2308). */
export const noData = (soa: Sections = NO_RECORDS): Reply => new Reply(RCODE.NOERROR, FLAG.AA, soa)

/** NXDOMAIN: neither the name nor anything below it exists. */
export const nameError = (soa: Sections): Reply => new Reply(RCODE.NXDOMAIN, FLAG.AA, soa)

export const refused = (cause?: unknown): Reply => Object.assign(new Reply(RCODE.REFUSED), { cause })

/** SERVFAIL, with what led to it. */
export const failure = (cause: unknown, extendedError?: Reply['extendedError']): Reply =>
  Object.assign(new Reply(RCODE.SERVFAIL), { cause, extendedError })

/** SERVFAIL, since what it depends on failed. */
export const failedBy = ({ cause, extendedError, upstream }: Reply): Reply =>
  Object.assign(failure(cause, extendedError), { upstream })

/** SERVFAIL, since no server that knows more could be asked. */
export const unreachable = (cause: unknown): Reply => failure(cause, { code: EXTENDED_ERROR.NO_REACHABLE_AUTHORITY })

/** SERVFAIL, since what the answer would come from is not there yet; clients are told what is `lacking`. */
export const notReady = (lacking: string): Reply => failure(lacking, { code: EXTENDED_ERROR.NOT_READY, text: lacking })

/** No answer at all. */
export const silence = (cause?: unknown): Reply => Object.assign(new Reply(RCODE.NOERROR), { silent: true, cause })
