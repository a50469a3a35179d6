/** The one way out: makes the message of a reply, fitted to what the client can take. */
import { Buffer } from 'node:buffer'
import { createHmac, randomBytes } from 'node:crypto'
import { FLAG, OPTION } from '../dns/codes.ts'
import { findOption } from '../dns/message.ts'
import { type Edns, type Query, writeOpt } from '../dns/query.ts'
import type { Reply } from '../dns/reply.ts'
import { NO_RECORDS, type Sections } from '../dns/sections.ts'

/** What this server takes over UDP (DNS flag day 2020), as OPT tells clients. */
const UDP_SIZE = 1232

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

/** The message that answers `query`: its id, opcode, RD, CD and question as they came, the reply's records, OPT where the query had one, at most as long as the client takes. */
export function fit(query: Query, reply: Reply): Uint8Array {
  const { message, questionEnd, edns } = query
  const opt = edns ? optFor(query, edns, reply) : undefined
  let flags = reply.flags
  const whole = reply.sections
  const room = query.replySize - questionEnd - (opt ? opt.length : 0)
  const sections = whole.bytes.length > room ? shorten(whole, room) : whole
  if (sections.answers < whole.answers || sections.authorities < whole.authorities) flags |= FLAG.TC

  const { bytes } = sections
  const end = questionEnd + bytes.length
  const out = Buffer.allocUnsafe(end + (opt ? opt.length : 0))
  out.set(questionEnd === message.length ? message : message.subarray(0, questionEnd))
  flags |= FLAG.QR | (reply.rcode & 15) | (query.flags & (0x7800 | FLAG.RD | FLAG.CD))
  out[2] = flags >> 8
  out[3] = flags & 255
  out[6] = sections.answers >> 8
  out[7] = sections.answers & 255
  out[8] = sections.authorities >> 8
  out[9] = sections.authorities & 255
  const additionals = sections.additionals + (opt ? 1 : 0)
  out[10] = additionals >> 8
  out[11] = additionals & 255
  out.set(bytes, questionEnd)
  if (reply.ttl !== undefined) setTtls(out, questionEnd, sections, reply.ttl)
  if (reply.shuffle) shuffle(out, questionEnd, end, whole)
  if (opt) out.set(opt, end)
  return out
}

/** The longest beginning of the sections within `room` octets. Additional records go first, and whole: leaving them out is no truncation (RFC 2181 §9). */
function shorten(sections: Sections, room: number): Sections {
  const { spans, answers, authorities } = sections
  let fitting = 0
  while (fitting < spans.length && spans[fitting]!.end <= room) fitting++
  if (fitting >= answers + authorities) return sections.keep(answers, authorities, 0)
  if (fitting === 0) return NO_RECORDS
  return sections.keep(Math.min(fitting, answers), Math.max(0, fitting - answers), 0)
}

function setTtls(out: Buffer, start: number, sections: Sections, ttl: number): void {
  for (const { fixed } of sections.spans) out.writeUInt32BE(ttl, start + fixed + 4)
}

/** Fisher-Yates over the addresses of each owner and type. Those that stay in a message that was cut are drawn from all, since some clients ignore TC. */
function shuffle(out: Buffer, start: number, end: number, { addressGroups, bytes }: Sections): void {
  for (const { offsets, length } of addressGroups) {
    const left = offsets.slice()
    for (let i = 0; i < offsets.length && start + offsets[i]! < end; i++) {
      const j = i + ((Math.random() * (left.length - i)) | 0)
      const from = left[j]!
      left[j] = left[i]!
      const to = start + offsets[i]!
      for (let k = 0; k < length; k++) out[to + k] = bytes[from + k]!
    }
  }
}

function optFor(query: Query, edns: Edns, reply: Reply): Buffer {
  const options: Buffer[] = []
  const cookie = edns.options.length > 0 && findOption(edns, OPTION.COOKIE)
  if (cookie) options.push(option(OPTION.COOKIE, serverCookie(cookie.subarray(0, 8), query.client.address)))
  if (edns.nsid) options.push(option(OPTION.NSID, edns.nsid))
  if (reply.extendedError) {
    const { code, text = '' } = reply.extendedError
    const data = Buffer.alloc(2 + EXTRA_TEXT)
    data.writeUInt16BE(code, 0)
    const { written } = encoder.encodeInto(text, data.subarray(2))
    options.push(option(OPTION.EDE, data.subarray(0, 2 + written)))
  }
  return writeOpt(UDP_SIZE, {
    dnssecOk: edns.dnssecOk,
    extendedRcode: reply.rcode >> 4,
    ...(options.length > 0 && { options: Buffer.concat(options) }),
  })
}

function option(code: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(code, 0)
  head.writeUInt16BE(data.length, 2)
  return Buffer.concat([head, data])
}

const secret = randomBytes(32)

/** The client's cookie and ours behind it (RFC 7873 §4.2, appendix B.1). It lets the client tell our replies from forged ones; we ask for none. */
function serverCookie(clientCookie: Uint8Array, address: string): Buffer {
  const hash = createHmac('sha256', secret).update(clientCookie).update(address).digest()
  return Buffer.concat([clientCookie, hash.subarray(0, 8)])
}
