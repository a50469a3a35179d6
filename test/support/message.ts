/** Queries as a test wants them, and replies read strictly: what does not parse to the last octet, or what dns2 cannot read, fails the test. */
import DNS from 'dns2'
import { rcodeName, TYPE } from '#src/dns/codes.ts'
import { classText, readName, typeCode, typeText, writeName } from './names.ts'
import { lines, type Records, rawRecords } from './records.ts'

export interface EdnsOptions {
  udpSize?: number
  version?: number
  dnssecOk?: boolean
  /** The 16 flag bits, DO included. */
  flags?: number
  options?: readonly (readonly [code: number, data: Uint8Array])[]
}

export interface QueryOptions {
  id?: number
  /** The header's second word without the opcode; RD alone by default. */
  flags?: number
  opcode?: number
  class?: number
  edns?: EdnsOptions | true
}

export interface Answer extends Records {
  id: number
  /** `NOERROR`, `NXDOMAIN`, …; the upper bits of EDNS included. */
  rcode: string
  opcode: number
  /** As dig shows them: `qr aa rd ra`. */
  flags: string
  /** `Example.org. IN A`, or empty. */
  question: string
  edns: { udpSize: number; version: number; dnssecOk: boolean; flags: number; options: Map<number, Buffer> } | undefined
  raw: Buffer
}

/** Its extended error (RFC 8914), as `22 text`; undefined where there is none. */
export function extendedErrorOf({ edns }: Answer): string | undefined {
  const data = edns?.options.get(15)
  return data && `${data.readUInt16BE()} ${data.subarray(2)}`.trimEnd()
}

export function queryMessage(
  name: string,
  type: string | number,
  { id = randomId(), flags = 0x0100, opcode = 0, class: code = 1, edns }: QueryOptions = {},
): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(flags | (opcode << 11), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(edns ? 1 : 0, 10)
  const question = Buffer.alloc(4)
  question.writeUInt16BE(typeCode(type), 0)
  question.writeUInt16BE(code, 2)
  return Buffer.concat([header, writeName(name), question, edns ? optRecord(edns === true ? {} : edns) : Buffer.alloc(0)])
}

const randomId = () => Math.floor(Math.random() * 0x10000)

/** An OPT record (RFC 6891 §6.1.2). */
export function optRecord({ udpSize = 1232, version = 0, dnssecOk = false, flags = 0, options = [] }: EdnsOptions = {}): Buffer {
  const data = Buffer.concat(
    options.flatMap(([code, octets]) => [Buffer.of(code >> 8, code & 255, octets.length >> 8, octets.length & 255), octets]),
  )
  const opt = Buffer.alloc(11)
  opt.writeUInt16BE(TYPE.OPT, 1)
  opt.writeUInt16BE(udpSize, 3)
  opt[6] = version
  opt.writeUInt16BE(flags | (dnssecOk ? 0x8000 : 0), 7)
  opt.writeUInt16BE(data.length, 9)
  return Buffer.concat([opt, data])
}

const flagNames = [['qr', 0x8000], ['aa', 0x0400], ['tc', 0x0200], ['rd', 0x0100], ['ra', 0x0080], ['z', 0x0040], ['ad', 0x0020], ['cd', 0x0010]] as const // biome-ignore format: a table

/** Reads a message with this project's own reader and, for a second opinion, with dns2. @throws when either cannot read it whole */
export function readAnswer(raw: Buffer): Answer {
  const answer = readMessage(raw)
  // dns2 3.0.0 loses its place behind EDNS options that it does not know.
  if (answer.edns && answer.edns.options.size > 0) return answer
  const second = DNS.Packet.parse(raw)
  const counts = [second.questions, second.answers, second.authorities, second.additionals].map(section => section.length)
  if (counts.some((count, i) => count !== raw.readUInt16BE(4 + 2 * i)))
    throw new Error(`dns2 reads ${counts} records of ${raw.toString('hex')}`)
  return answer
}

/** @throws when the message is not whole */
export function readMessage(raw: Buffer): Answer {
  const flags = raw.readUInt16BE(2)
  const opt = rawRecords(raw)[2].find(record => record.type === TYPE.OPT)
  let question = ''
  if (raw.readUInt16BE(4) > 0) {
    const { name, end } = readName(raw, 12)
    question = `${name} ${classText(raw.readUInt16BE(end + 2))} ${typeText(raw.readUInt16BE(end))}`
  }
  return {
    id: raw.readUInt16BE(0),
    rcode: rcodeName((flags & 15) | (opt ? (opt.ttl >>> 24) << 4 : 0)),
    opcode: (flags >> 11) & 15,
    flags: flagNames.flatMap(([name, bit]) => (flags & bit ? [name] : [])).join(' '),
    question,
    ...lines(raw),
    edns: opt && {
      udpSize: opt.class,
      version: (opt.ttl >> 16) & 255,
      dnssecOk: (opt.ttl & 0x8000) !== 0,
      flags: opt.ttl & 0xffff,
      options: readOptions(raw.subarray(opt.rdata.start, opt.rdata.end)),
    },
    raw,
  }
}

function readOptions(data: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>()
  for (let at = 0; at < data.length; at += 4 + data.readUInt16BE(at + 2)) {
    options.set(data.readUInt16BE(at), data.subarray(at + 4, at + 4 + data.readUInt16BE(at + 2)))
  }
  return options
}

/** A reply as it is compared: in any order, serials and the case of names aside. */
export const comparable = ({ rcode, flags, answer, authority, additional }: Answer) => {
  const lines = (records: readonly string[]) =>
    records.map(line => line.toLowerCase().replace(/( soa \S+ \S+) \d+/, '$1 SERIAL')).sort()
  return { rcode, flags, answer: lines(answer), authority: lines(authority), additional: lines(additional) }
}
