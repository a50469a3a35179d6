/** Resource records as zone-file lines (`example.org. 300 IN A 192.0.2.1`), read from and written to wire form without help of the code under test. */
import { TYPE } from '#src/dns/codes.ts'
import { classCode, classText, readName, typeCode, typeText, writeName } from './names.ts'
import { readRdata, writeRdata } from './rdata.ts'

export interface Records {
  answer: string[]
  authority: string[]
  additional: string[]
}

/** One record, with where its parts stand in the message. */
export interface RawRecord {
  name: string
  type: number
  class: number
  ttl: number
  rdata: { start: number; end: number }
}

/** Every record of a message by section. @throws when the message is not whole, or has octets behind its last record */
export function rawRecords(message: Buffer): [answer: RawRecord[], authority: RawRecord[], additional: RawRecord[]] {
  let at = 12
  for (let n = message.readUInt16BE(4); n > 0; n--) at = readName(message, at).end + 4
  const section = (count: number) =>
    Array.from({ length: count }, () => {
      const { name, end } = readName(message, at)
      const start = end + 10
      at = start + message.readUInt16BE(end + 8)
      if (at > message.length) throw new Error(`rdata at ${start} runs over the end`)
      return {
        name,
        type: message.readUInt16BE(end),
        class: message.readUInt16BE(end + 2),
        ttl: message.readUInt32BE(end + 4),
        rdata: { start, end: at },
      }
    })
  const records = [6, 8, 10].map(count => section(message.readUInt16BE(count))) as [RawRecord[], RawRecord[], RawRecord[]]
  if (at !== message.length) throw new Error(`${message.length - at} octets behind the last record`)
  return records
}

/** The records of a message as zone-file lines, OPT left out. */
export function lines(message: Buffer): Records {
  const [answer, authority, additional] = rawRecords(message).map(section =>
    section
      .filter(record => record.type !== TYPE.OPT)
      .map(({ name, type, class: code, ttl, rdata }) =>
        [name, ttl, classText(code), typeText(type), readRdata(message, typeText(type), rdata)].join(' ').trimEnd(),
      ),
  )
  return { answer: answer!, authority: authority!, additional: additional! }
}

/** A zone-file line, all five parts of it given, in wire form. */
export function writeRecord(line: string): Buffer {
  const [, name, ttl, classWord, type, rdata = ''] = /^(\S+)\s+(\d+)\s+(\S+)\s+(\S+)\s*(.*)$/.exec(line) ?? []
  if (!name || !classWord || !type) throw new Error(`no record: ${line}`)
  const octets = writeRdata(type, rdata)
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(typeCode(type), 0)
  fixed.writeUInt16BE(classCode(classWord), 2)
  fixed.writeUInt32BE(Number(ttl), 4)
  fixed.writeUInt16BE(octets.length, 8)
  return Buffer.concat([writeName(name), fixed, octets])
}

/** What a fake upstream replies: id, question, opcode and RD of the query; QR and RA set; no compression. `flags` adds bits of the header's second word. */
export function messageFrom(
  query: Buffer,
  answer: readonly string[] = [],
  {
    rcode = 0,
    flags = 0,
    authority = [],
    additional = [],
  }: { rcode?: number; flags?: number; authority?: readonly string[]; additional?: readonly string[] } = {},
): Buffer {
  const question = query.subarray(12, readName(query, 12).end + 4)
  const header = Buffer.alloc(12)
  header.writeUInt16BE(query.readUInt16BE(0), 0)
  header.writeUInt16BE((query.readUInt16BE(2) & 0x7900) | 0x8080 | flags | (rcode & 15), 2)
  for (const [i, count] of [1, answer.length, authority.length, additional.length].entries())
    header.writeUInt16BE(count, 4 + 2 * i)
  return Buffer.concat([header, question, ...[...answer, ...authority, ...additional].map(writeRecord)])
}
