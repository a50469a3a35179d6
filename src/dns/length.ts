import type { Query } from './query.ts'
import type { Reply } from './reply.ts'

/** An OPT record without options (RFC 6891 §6.1.2). */
const OPT = 11

/** How long the message of `reply` is before it is fitted to what the client takes, in octets, EDNS options left out. */
export const replyLength = (query: Query, reply: Reply): number =>
  query.questionEnd + reply.sections.length + (query.edns ? OPT : 0)
