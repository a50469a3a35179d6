/** The one way out: makes the message of a reply, fitted to what the client can take, where it is sent from. */
import { Buffer } from 'node:buffer'
import { createHmac, randomBytes } from 'node:crypto'
import { FLAG, OPTION, RCODE } from '../dns/codes.ts'
import { findOption } from '../dns/message.ts'
import { type Edns, type Query, writeOpt, writeOption } from '../dns/query.ts'
import { Reply } from '../dns/reply.ts'
import { NO_RECORDS, Sections } from '../dns/sections.ts'
import type { Outgoing } from '../transport/transport.ts'

/** What this server takes over UDP (DNS flag day 2020), as OPT tells clients. */
const UDP_SIZE = 1232

/** Encrypted replies are multiples of so many octets, for clients that ask for it: their length says less of what they are (RFC 8467 §4.1). */
const PADDED = 468

/** The most octets of text that an extended error brings: with the longest name and a cookie, the message still fits into 512. */
const EXTRA_TEXT = 200

const encoder = new TextEncoder()

/** A message with nothing but a header, for a query whose question could not be read. */
export function headerOnly(message: Uint8Array, rcode: number): Uint8Array {
  const reply = Buffer.alloc(12)
  reply.set(message.subarray(0, 2))
  // RD and CD mean something in queries only; other opcodes get no flag back (RFC 8906 §8.1.4).
  const isQuery = (message[2]! & 0x78) === 0
  reply[2] = 0x80 | (message[2]! & (isQuery ? 0x79 : 0x78))
  reply[3] = (isQuery ? message[3]! & FLAG.CD : 0) | rcode
  return reply
}

/**
 * The message of a reply: id, opcode and question of the query, with its RD and CD, then the reply's records, and OPT if the query had one.
 * @param room the most octets that it may have; by default, what the client takes
 */
export const fit = (query: Query, reply: Reply, room = query.replySize): Outgoing => new Fitted(query, reply, room)

/** A reply that is fitted to its client. Whatever can fail is done in the constructor; writing cannot fail. */
class Fitted implements Outgoing {
  readonly #query: Query
  readonly #reply: Reply
  readonly #flags: number
  readonly #sections: Sections
  readonly #isShuffled: boolean
  readonly #opt: Uint8Array | undefined
  /** As long as it is. */
  readonly longest: number
  readonly following: IteratorObject<Outgoing> | undefined

  constructor(query: Query, reply: Reply, most: number) {
    const { questionEnd, edns } = query
    const opt = edns && optFor(query, edns, reply, most)
    const before = questionEnd + (opt ? opt.length : 0)
    const whole = reply.sections
    const room = most - before
    const isCut = whole.length > room
    const sections = isCut ? shorten(reply.shuffle ? shuffled(whole) : whole, room) : whole
    const isTruncated = sections.answers < whole.answers || sections.authorities < whole.authorities
    this.#query = query
    this.#reply = reply
    this.#flags = reply.flags | (isTruncated ? FLAG.TC : 0)
    this.#sections = sections
    this.#isShuffled = reply.shuffle && !isCut
    this.#opt = opt && wantsPadding(query, edns) ? padded(opt, before + sections.length, most) : opt
    this.longest = questionEnd + sections.length + (this.#opt?.length ?? 0)
    this.following = reply.following?.map(next => new Fitted(query, continuation(reply, next), most))
  }

  write(target: Uint8Array, at: number): number {
    const { message, questionEnd, flags } = this.#query
    const { rcode, ttl } = this.#reply
    const sections = this.#sections
    const opt = this.#opt
    // A part of it would say something else.
    const code = opt || rcode < 16 ? rcode & 15 : RCODE.SERVFAIL
    // What follows the question is written over.
    target.set(message.length <= this.longest ? message : message.subarray(0, questionEnd), at)
    // RD and CD mean something in queries only.
    const kept = flags & 0x7800 || flags & (FLAG.RD | FLAG.CD)
    writeUint16(target, at + 2, this.#flags | FLAG.QR | code | kept)
    writeUint16(target, at + 6, sections.answers)
    writeUint16(target, at + 8, sections.authorities)
    writeUint16(target, at + 10, sections.additionals + (opt ? 1 : 0))
    const start = at + questionEnd
    sections.write(target, start)
    if (ttl !== undefined) setTtls(target, start, sections, ttl)
    if (this.#isShuffled) sections.shuffle(target, start)
    if (opt) target.set(opt, start + sections.length)
    const end = at + this.longest
    this.#reply.sent?.(target.subarray(at, end))
    return end
  }
}

/** The reply of a further message: that of the first, with other sections. */
const continuation = ({ rcode, flags, ttl, sent }: Reply, sections: Sections): Reply =>
  Object.assign(new Reply(rcode, flags, sections), { ttl, sent })

/** The longest beginning of the sections within `room` octets. Additional records go first, and whole: leaving them out is no truncation (RFC 2181 §9). */
function shorten(sections: Sections, room: number): Sections {
  const { spans, answers, authorities } = sections
  let fitting = 0
  while (fitting < spans.length && spans[fitting]!.end <= room) fitting++
  if (fitting >= answers + authorities) return sections.keep(answers, authorities)
  if (fitting === 0) return NO_RECORDS
  return sections.keep(Math.min(fitting, answers), Math.max(0, fitting - answers))
}

function setTtls(target: Uint8Array, start: number, sections: Sections, ttl: number): void {
  for (const { fixed } of sections.spans) {
    writeUint16(target, start + fixed + 4, ttl >>> 16)
    writeUint16(target, start + fixed + 6, ttl)
  }
}

/** For a message that is cut: which addresses stay is random, since some clients ignore TC. */
function shuffled(sections: Sections): Sections {
  const { answers, authorities, additionals, base, length } = sections
  const bytes = new Uint8Array(length)
  sections.write(bytes, 0)
  sections.shuffle(bytes, 0)
  return new Sections(bytes, answers, authorities, additionals, base)
}

function writeUint16(target: Uint8Array, at: number, value: number): void {
  target[at] = value >> 8
  target[at + 1] = value
}

const OPT = writeOpt(UDP_SIZE)
const OPT_DO = writeOpt(UDP_SIZE, { dnssecOk: true })

function optFor(query: Query, edns: Edns, reply: Reply, most: number): Uint8Array {
  const options: Uint8Array[] = []
  const cookie = edns.options.length > 0 && findOption(edns, OPTION.COOKIE)
  if (cookie) options.push(writeOption(OPTION.COOKIE, serverCookie(cookie.subarray(0, 8), query.client.address)))
  const room = most - query.questionEnd
  const nsid = edns.nsid && writeOption(OPTION.NSID, edns.nsid)
  if (nsid && hasRoom(room, [...options, nsid])) options.push(nsid)
  if (edns.returned && hasRoom(room, [...options, edns.returned])) options.push(edns.returned)
  if (reply.extendedError) {
    const { code, text } = reply.extendedError
    // It is told where that costs no record (RFC 8914 §3).
    const left = room - reply.sections.length
    const error = [extended(code, text), extended(code)].find(option => hasRoom(left, [...options, option]))
    if (error) options.push(error)
  }
  if (options.length === 0 && reply.rcode < 16) return edns.dnssecOk ? OPT_DO : OPT
  return writeOpt(UDP_SIZE, { dnssecOk: edns.dnssecOk, extendedRcode: reply.rcode >> 4, options: Buffer.concat(options) })
}

function extended(code: number, text = ''): Buffer {
  const data = Buffer.alloc(2 + EXTRA_TEXT)
  data.writeUInt16BE(code, 0)
  const { written } = encoder.encodeInto(text, data.subarray(2))
  return writeOption(OPTION.EDE, data.subarray(0, 2 + written))
}

const wantsPadding = ({ transport }: Query, edns: Edns): boolean =>
  (transport === 'tls' || transport === 'https') && findOption(edns, OPTION.PADDING) !== undefined

/** An OPT record that makes a message of so many octets as long as it is to be (RFC 7830). */
function padded(opt: Uint8Array, length: number, most: number): Uint8Array {
  const missing = Math.min(Math.ceil((length + 4) / PADDED) * PADDED, most) - length
  if (missing < 4) return opt
  const longer = Buffer.concat([opt, writeOption(OPTION.PADDING, new Uint8Array(missing - 4))])
  longer.writeUInt16BE(longer.length - 11, 9)
  return longer
}

const hasRoom = (room: number, options: readonly Uint8Array[]): boolean =>
  options.reduce((left, { length }) => left - length, room - OPT.length) >= 0

const secret = randomBytes(32)

/** The client's cookie and ours behind it (RFC 7873 §4.2, appendix B.1). It lets the client tell our replies from forged ones; we ask for none. */
function serverCookie(clientCookie: Uint8Array, address: string): Buffer {
  const hash = createHmac('sha256', secret).update(clientCookie).update(address).digest()
  return Buffer.concat([clientCookie, hash.subarray(0, 8)])
}
