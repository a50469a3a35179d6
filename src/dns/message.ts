/** Reading the fixed parts of messages from strangers: every offset is checked, and nothing is decoded before it is needed. */
import { Buffer } from 'node:buffer'
import { CLASS, FLAG, OPTION, TYPE } from './codes.ts'
import { lowerCase } from './name.ts'
import { hashOf, type Name, POWERS } from './name-hash.ts'
import type { Edns } from './query.ts'
import { namesIn } from './rdata.ts'
import { Reply } from './reply.ts'
import { readUint16, Sections } from './sections.ts'

/** A message that breaks RFC 1035; the text says what and where. */
export class FormatError extends Error {
  override readonly name = 'FormatError'
}

/**
 * The offset behind the name at `at`. Every compression pointer must point strictly backward, so no chain of them can loop,
 * and the whole name is at most 255 octets (RFC 1035 §2.3.4, RFC 9267 §2).
 * @throws {FormatError}
 */
export function endOfName(message: Uint8Array, at: number): number {
  let end = -1
  let total = 1
  let lowest = at
  for (;;) {
    const length = message[at]
    if (length === undefined) throw new FormatError(`name runs over the end of the message at octet ${at}`)
    if (length >= 0xc0) {
      const low = message[at + 1]
      if (low === undefined) throw new FormatError(`compression pointer runs over the end of the message at octet ${at}`)
      const target = ((length & 0x3f) << 8) | low
      if (target < 12 || target >= lowest) throw new FormatError(`compression pointer at octet ${at} does not point backward`)
      if (end < 0) end = at + 2
      lowest = at = target
      continue
    }
    if (length > 63) throw new FormatError(`label type ${length >> 6} at octet ${at} is not known`)
    if (length === 0) return end < 0 ? at + 1 : end
    total += length + 1
    if (total > 255) throw new FormatError(`name at octet ${at} is longer than 255 octets`)
    at += length + 1
  }
}

/** What `toString('latin1')` ends up in; on the way it spends as much time on the name of the encoding as on the octets. */
const { latin1Slice } = Buffer.prototype as unknown as { latin1Slice(this: Uint8Array, start: number, end: number): string }

/** The name at `at`, which `endOfName` accepted, as key and with its hash. */
export function readName(message: Uint8Array, at: number): Name {
  let key = ''
  let hash = 0
  let run = at
  // Its sign is lost with the first octet of A to Z. No length of a label is one.
  let sign = -1
  for (;;) {
    const length = message[at]!
    if (length >= 0xc0) {
      key += latin1Slice.call(message, run, at)
      run = at = ((length & 0x3f) << 8) | message[at + 1]!
      continue
    }
    if (length === 0) break
    const end = at + 1 + length
    for (let power = key.length + at - run; at < end; at++, power++) {
      const octet = message[at]!
      sign &= (octet - 65) | (90 - octet)
      hash = (hash + Math.imul(octet, POWERS[power]!)) | 0
    }
  }
  key += latin1Slice.call(message, run, at + 1)
  if (sign < 0) return { key, hash }
  const lower = lowerCase(key)
  return { key: lower, hash: hashOf(lower) }
}

/** The key of the name at `at`, which `endOfName` accepted. */
export const readKey = (message: Uint8Array, at: number): string => readName(message, at).key

/** The same name in wire form, its letters as they are. */
export function readWire(message: Uint8Array, at: number): string {
  let wire = ''
  for (;;) {
    const length = message[at]!
    if (length >= 0xc0) at = ((length & 0x3f) << 8) | message[at + 1]!
    else {
      wire += latin1Slice.call(message, at, at + 1 + length)
      if (length === 0) return wire
      at += 1 + length
    }
  }
}

/** The EDNS part of an OPT record whose fixed octets stand at `fixed` (RFC 6891 §6.1.2). @throws {FormatError} */
export function readEdns(message: Uint8Array, fixed: number): Edns {
  const options = message.subarray(fixed + 10, fixed + 10 + readUint16(message, fixed + 8))
  for (let at = 0; at < options.length; ) {
    if (at + 4 > options.length) throw new FormatError('EDNS option is cut off')
    at += 4 + readUint16(options, at + 2)
    if (at > options.length) throw new FormatError('EDNS option runs over its record')
  }
  return {
    udpSize: Math.max(512, readUint16(message, fixed + 2)),
    extendedRcode: message[fixed + 4]!,
    version: message[fixed + 5]!,
    dnssecOk: (message[fixed + 6]! & 0x80) !== 0,
    options,
  }
}

/** The data of the first EDNS option with this code. */
export function findOption(edns: Edns, code: number): Uint8Array | undefined {
  const { options } = edns
  for (let at = 0; at < options.length; at += 4 + readUint16(options, at + 2)) {
    if (readUint16(options, at) === code) return options.subarray(at + 4, at + 4 + readUint16(options, at + 2))
  }
  return undefined
}

/** One record of a message, as offsets in it. */
export interface RecordHead {
  /** The type, class, TTL, RDLENGTH octets. */
  fixed: number
  end: number
  type: number
}

/** The record at `at`. @throws {FormatError} when it does not end within the message */
export function readRecord(message: Uint8Array, at: number): RecordHead {
  const fixed = endOfName(message, at)
  return { fixed, end: endOfRecord(message, fixed), type: readUint16(message, fixed) }
}

/** The offset behind the record whose octets of type, class, TTL and RDLENGTH stand at `fixed`. @throws {FormatError} */
function endOfRecord(message: Uint8Array, fixed: number): number {
  if (fixed + 10 > message.length) throw new FormatError(`record is cut off at octet ${fixed}`)
  const end = fixed + 10 + readUint16(message, fixed + 8)
  if (end > message.length) throw new FormatError(`record data at octet ${fixed + 10} runs over the end of the message`)
  return end
}

/**
 * Where the names in the data of a record begin, one behind the other, and where the last of them ends; empty for a type that has none.
 * @throws {FormatError} one is not well formed, or not within the data
 */
export function nameOffsets(message: Uint8Array, start: number, end: number, type: number): number[] {
  const [before, names] = namesIn(message, start, type)
  if (names === 0) return []
  const offsets = [start + before]
  for (let i = 0; i < names; i++) {
    if (offsets[i]! >= end) throw new FormatError(`record data at octet ${start} is cut off`)
    offsets.push(endOfName(message, offsets[i]!))
  }
  if (offsets[names]! > end) throw new FormatError(`a name in the record data at octet ${start} runs over their end`)
  return offsets
}

/**
 * Checks what others rely on in the data of a record: names, which may be compressed, the length of addresses, and the numbers of an SOA record.
 * @throws {FormatError}
 */
function checkData(message: Uint8Array, fixed: number, end: number): void {
  const type = readUint16(message, fixed)
  const start = fixed + 10
  const offsets = nameOffsets(message, start, end, type)
  const length = end - (offsets.at(-1) ?? start)
  const right = type === TYPE.A ? 4 : type === TYPE.AAAA ? 16 : type === TYPE.SOA ? 20 : length
  if (length !== right && readUint16(message, fixed + 2) === CLASS.IN)
    throw new FormatError(`record data at octet ${start} are of wrong length`)
}

/**
 * The reply that another server sent, ready to go up the chain: OPT taken out, extended rcode put together. One with TC has no records, since they are of
 * no use, nor has one without a question.
 * @throws {FormatError} the message is no whole reply
 */
export function readReply(message: Uint8Array): Reply {
  if (message.length < 12) throw new FormatError('message is shorter than a header')
  const flags = readUint16(message, 2)
  if (!(flags & FLAG.QR)) throw new FormatError('message is a query')
  const questions = readUint16(message, 4)
  if (questions > 1) throw new FormatError(`message has ${questions} questions`)
  const start = questions === 1 ? endOfName(message, 12) + 4 : 12
  if (start > message.length) throw new FormatError('question is cut off')
  const reply = new Reply(flags & 15, flags & (FLAG.AA | FLAG.TC | FLAG.RA | FLAG.AD))
  if (flags & FLAG.TC) return reply

  const answers = readUint16(message, 6)
  const authorities = readUint16(message, 8)
  let additionals = readUint16(message, 10)
  let end = start
  for (let i = 0; i < answers + authorities + additionals; i++) {
    const fixed = endOfName(message, end)
    const next = endOfRecord(message, fixed)
    if (readUint16(message, fixed) === TYPE.OPT) {
      if (i < answers + authorities || message[end] !== 0) throw new FormatError('OPT record out of place')
      reply.rcode |= message[fixed + 4]! << 4
      if (next > fixed + 10) addExtendedError(reply, readEdns(message, fixed))
      // Records behind OPT would move when it is taken out, and pointers among them would break: additional data is dispensable.
      additionals = i - answers - authorities
      break
    }
    checkData(message, fixed, next)
    end = next
  }
  if (questions === 1 && end > start)
    reply.sections = new Sections(message.subarray(start, end), answers, authorities, additionals, start)
  return reply
}

function addExtendedError(reply: Reply, edns: Edns): void {
  const error = findOption(edns, OPTION.EDE)
  if (error && error.length >= 2)
    reply.extendedError = { code: readUint16(error, 0), text: Buffer.from(error.subarray(2)).toString() }
}
