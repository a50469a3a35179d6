import { readReply } from '../dns/message.ts'
import { compressed } from '../dns/rebase.ts'
import type { RecordSpan } from '../dns/record-spans.ts'
import type { Reply } from '../dns/reply.ts'
import type { Sections } from '../dns/sections.ts'

/** Fits into the smallest datagram that a client takes, in octets (RFC 1035 §4.2.1). */
const SMALL = 512
/** What is longer fits into no datagram even when compressed, and might take long to compress: a pointer of two octets can stand for a name of 255. */
const LARGE = 8192

/**
 * The reply in a message of an upstream. If that did not compress, its names are compressed here where it may fit into a datagram then.
 * @throws {FormatError} the message is no whole reply
 */
export function readUpstreamReply(message: Buffer): Reply {
  const reply = readReply(message)
  const { sections } = reply
  if (message.length > SMALL && message.length <= LARGE && sections.spans.some(span => isSpelledOut(sections, span)))
    reply.sections = compressed(message, sections)
  return reply
}

/** Whether the owner is written in full: it does not end in a pointer. */
const isSpelledOut = ({ bytes }: Sections, { start, fixed }: RecordSpan): boolean =>
  fixed > start + 1 && bytes[fixed - 1] === 0 && bytes[fixed - 2]! < 0xc0
