import { CLASS, FLAG, RCODE } from '#src/dns/codes.ts'
import type { UpstreamReply } from '#src/dns/message.ts'
import { type Query, writeOpt, writeQuery } from '#src/dns/query.ts'

/** What an upstream may send over UDP without being cut into fragments (DNS flag day 2020). */
const UDP_SIZE = 1232
const OPT = writeOpt(UDP_SIZE)
const OPT_DO = writeOpt(UDP_SIZE, { dnssecOk: true })
const OPCODE_BITS = 0x7800

type Asked = Pick<Query, 'message' | 'questionEnd' | 'key' | 'type' | 'class' | 'flags' | 'edns'>

/** A question as it is put to upstreams: the client's own octets, its RD, AD, CD and DO; the id is new each time, EDNS is ours. */
export class Question {
  readonly #octets: Uint8Array
  readonly #key: string
  readonly #type: number
  readonly #class: number
  readonly #flags: number
  readonly #dnssecOk: boolean

  constructor({ message, questionEnd, key, type, class: classCode, flags, edns }: Asked) {
    this.#octets = message.subarray(12, questionEnd)
    this.#key = key
    this.#type = type
    this.#class = classCode
    this.#flags = flags & (OPCODE_BITS | FLAG.RD | FLAG.AD | FLAG.CD)
    this.#dnssecOk = edns?.dnssecOk ?? false
  }

  /** A question of the server's own. */
  static make(key: string, type: number, flags: number): Question {
    const message = writeQuery(key, type, { flags })
    return new Question({ message, questionEnd: message.length, key, type, class: CLASS.IN, flags, edns: undefined })
  }

  /** Equal for questions that go the same way and are answered alike. */
  identity(overStream: boolean): string {
    const bits = this.#flags | (this.#dnssecOk ? 1 : 0) | (overStream ? 2 : 0)
    return this.#key + String.fromCharCode(this.#type, this.#class, bits)
  }

  /** The message, with its two octets of length in front where it goes over a stream. */
  write(id: number, { edns, framed = false }: { edns: boolean; framed?: boolean }): Buffer {
    const start = framed ? 2 : 0
    const end = start + 12 + this.#octets.length
    const message = Buffer.allocUnsafe(edns ? end + OPT.length : end)
    if (framed) message.writeUInt16BE(message.length - 2, 0)
    message.fill(0, start, start + 12)
    message.writeUInt16BE(id, start)
    message.writeUInt16BE(this.#flags, start + 2)
    message[start + 5] = 1
    message.set(this.#octets, start + 12)
    if (edns) {
      message[start + 11] = 1
      message.set(this.#dnssecOk ? OPT_DO : OPT, end)
    }
    return message
  }

  /** Whether `reply` is about this question, letter case aside. Servers that understood nothing of a query may leave the question out. */
  isAnsweredBy({ flags, question }: UpstreamReply): boolean {
    if ((flags & OPCODE_BITS) !== (this.#flags & OPCODE_BITS)) return false
    if (question) return question.type === this.#type && question.class === this.#class && question.key === this.#key
    const rcode = flags & 15
    return rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP
  }
}
