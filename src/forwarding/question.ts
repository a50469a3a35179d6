import { randomBytes } from 'node:crypto'
import { CLASS, FLAG, OPTION, RCODE } from '../dns/codes.ts'
import { hashOf } from '../dns/name-hash.ts'
import { MOST_UPSTREAM_OPTIONS, type Query, writeOpt, writeQuery } from '../dns/query.ts'

/** What an upstream may send over UDP without being cut into fragments (DNS flag day 2020). */
const UDP_SIZE = 1232
const OPT = writeOpt(UDP_SIZE)
const OPT_DO = writeOpt(UDP_SIZE, { dnssecOk: true })
const OPCODE_BITS = 0x7800

/** What is padded has a multiple of so many octets (RFC 8467 §4.1). */
const PADDED = 128

/** The most octets of a question as it is sent: header, name, type and class, OPT, padding. */
export const LONGEST_QUESTION = 12 + 255 + 4 + OPT.length + MOST_UPSTREAM_OPTIONS + 4 + PADDED

/** Beside the flags of the header: the client wants DNSSEC records. */
const DO = 0x10000

type Asked = Pick<Query, 'message' | 'questionEnd' | 'key' | 'hash' | 'type' | 'class' | 'flags' | 'edns' | 'upstreamOptions'>

/** A question as it is put to upstreams: the client's own octets, its RD, AD, CD and DO; the id is new each time, EDNS is ours but for options that *rewrite* put. */
export class Question {
  readonly #asked: Asked
  /** As they were when it was put. */
  readonly #flags: number

  constructor(asked: Asked) {
    this.#asked = asked
    this.#flags = (asked.flags & (OPCODE_BITS | FLAG.RD | FLAG.AD | FLAG.CD)) | (asked.edns?.dnssecOk ? DO : 0)
  }

  /** A question of the server's own. */
  static make(key: string, type: number, flags: number): Question {
    const message = writeQuery(key, type, { flags })
    return new Question({
      message,
      questionEnd: message.length,
      key,
      hash: hashOf(key),
      type,
      class: CLASS.IN,
      flags,
      edns: undefined,
      upstreamOptions: '',
    })
  }

  /** Equal for questions with the same answer, and hardly ever for others; outsiders cannot know for which. */
  get hash(): number {
    const { hash, type, class: classCode, upstreamOptions } = this.#asked
    const mixed = mix(mix(mix(seed ^ hash, this.#flags), type), classCode)
    return upstreamOptions === '' ? mixed : mix(mixed, hashOf(upstreamOptions))
  }

  /** Whether both are answered alike. */
  equals(other: Question): boolean {
    const [one, two] = [this.#asked, other.#asked]
    if (one.type !== two.type || one.class !== two.class || this.#flags !== other.#flags) return false
    return one.key === two.key && one.upstreamOptions === two.upstreamOptions
  }

  /**
   * Writes the message at `at`.
   * @param edns whether OPT goes along
   * @param padded whether its length is to tell less of the name
   * @returns the offset behind it
   */
  write(target: Uint8Array, at: number, id: number, edns: boolean, padded = false): number {
    const { message, questionEnd, upstreamOptions } = this.#asked
    target[at] = id >> 8
    target[at + 1] = id & 255
    target[at + 2] = (this.#flags >> 8) & 255
    target[at + 3] = this.#flags & 255
    for (let i = 4; i < 12; i++) target[at + i] = 0
    target[at + 5] = 1
    for (let i = 12; i < questionEnd; i++) target[at + i] = message[i]!
    if (!edns) return at + questionEnd
    target[at + 11] = 1
    const opt = upstreamOptions === '' ? (this.#flags & DO ? OPT_DO : OPT) : this.#optWith(upstreamOptions)
    target.set(opt, at + questionEnd)
    const end = at + questionEnd + opt.length
    return padded ? pad(target, at, { opt: at + questionEnd, end }) : end
  }

  #optWith(options: string): Uint8Array {
    return writeOpt(UDP_SIZE, { dnssecOk: (this.#flags & DO) !== 0, options: Buffer.from(options, 'latin1') })
  }

  /** Whether `reply` is about this question, letter case aside. Servers that understood nothing of a query may leave the question out. */
  isAnsweredBy(reply: Uint8Array): boolean {
    const { message, questionEnd } = this.#asked
    if (reply.length < 12 || (reply[2]! & 0xf8) !== (0x80 | ((this.#flags & OPCODE_BITS) >> 8)) || reply[4] !== 0) return false
    if (reply[5] === 0) {
      const rcode = reply[3]! & 15
      return rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP
    }
    if (reply[5] !== 1 || reply.length < questionEnd) return false
    const nameEnd = questionEnd - 4
    for (let i = 12; i < nameEnd; i++) if (reply[i] !== message[i] && lower(reply[i]!) !== lower(message[i]!)) return false
    for (let i = nameEnd; i < questionEnd; i++) if (reply[i] !== message[i]) return false
    return true
  }
}

/** Gives the OPT record at the end of a message one more option (RFC 7830). @returns the offset behind it */
function pad(target: Uint8Array, at: number, { opt, end }: { opt: number; end: number }): number {
  const zeros = (at - end - 4) & (PADDED - 1)
  const behind = end + 4 + zeros
  target.fill(0, end, behind)
  target[end + 1] = OPTION.PADDING
  target[end + 3] = zeros
  const length = behind - opt - OPT.length
  target[opt + 9] = length >> 8
  target[opt + 10] = length & 255
  return behind
}

const lower = (octet: number): number => (octet >= 65 && octet <= 90 ? octet | 32 : octet)

const secret = randomBytes(8)
const seed = secret.readInt32LE(0)
const factor = secret.readInt32LE(4) | 1

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, factor)
  return mixed ^ (mixed >>> 15)
}
