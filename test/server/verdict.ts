/** What a message from anywhere must get, decided without the code under test: a second reading of RFC 1035 §4.1, RFC 6891, RFC 7873 and RFC 8945. */
import { TYPE } from '#src/dns/codes.ts'
import { readName } from '#test/support/names.ts'

/** Rcodes that are right; none where only silence is. */
export type Verdict = readonly string[]

const SILENCE: Verdict = []
const FORMERR: Verdict = ['FORMERR']

/** @param answered what names of class IN get in the end */
export function verdictOn(message: Buffer, answered: Verdict): Verdict {
  if (message.length < 12 || message[2]! & 0x80) return SILENCE
  const opcode = (message[2]! >> 3) & 15
  // A notification is read to its end, and is of a zone that nobody here has a copy of.
  if (opcode !== 0 && opcode !== 4) return ['NOTIMP']
  try {
    return verdictOnQuery(message, opcode === 0 ? answered : ['NOTIMP'])
  } catch {
    return FORMERR
  }
}

function verdictOnQuery(message: Buffer, answered: Verdict): Verdict {
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map(at => message.readUInt16BE(at)) as [
    number,
    number,
    number,
    number,
  ]
  if (questions > 1 || answers > 1 || authorities > 1 || additionals > 2) return FORMERR
  let at = 12
  let classCode = 1
  if (questions === 1) {
    at = endOfName(message, at) + 4
    classCode = message.readUInt16BE(at - 2)
  }
  let opt: { version: number; cookie: boolean } | undefined
  let signed = false
  for (let i = 0; i < answers + authorities + additionals; i++) {
    const fixed = endOfName(message, at)
    const end = fixed + 10 + message.readUInt16BE(fixed + 8)
    if (end > message.length) return FORMERR
    const type = message.readUInt16BE(fixed)
    if (type === TYPE.OPT) {
      if (opt || i < answers + authorities || message[at] !== 0) return FORMERR
      opt = { version: message[fixed + 5]!, cookie: hasCookie(message.subarray(fixed + 10, end)) }
    }
    signed ||= type === TYPE.TSIG
    at = end
  }
  if (questions === 0 && !opt?.cookie) return FORMERR
  // A broken signature is a broken message.
  if (signed) return ['NOTAUTH', 'FORMERR']
  if (opt && opt.version > 0) return ['BADVERS']
  if (questions === 0) return ['NOERROR']
  return classCode === 1 || answered.includes('NOTIMP') ? answered : ['REFUSED']
}

/** No pointer leads into the header, nor one that it leads to. Those that do not lead backward are the business of `readName`. */
function endOfName(message: Buffer, at: number): number {
  let lowest = at
  for (let label = at; message.readUInt8(label) > 0; ) {
    if (message[label]! < 0xc0) {
      label += 1 + message[label]!
      continue
    }
    label = message.readUInt16BE(label) & 0x3fff
    if (label < 12) throw new Error('pointer into the header')
    if (label >= lowest) break
    lowest = label
  }
  return readName(message, at).end
}

/** @throws when the options do not fill the data, or a cookie is of another length than 8 or 16 to 40 octets */
function hasCookie(data: Buffer): boolean {
  let cookie: number | undefined
  for (let at = 0; at < data.length; ) {
    const length = data.readUInt16BE(at + 2)
    if (data.readUInt16BE(at) === 10) cookie ??= length
    at += 4 + length
    if (at > data.length) throw new Error('option runs over')
  }
  if (cookie !== undefined && cookie !== 8 && (cookie < 16 || cookie > 40)) throw new Error('cookie of a wrong length')
  return cookie !== undefined
}
