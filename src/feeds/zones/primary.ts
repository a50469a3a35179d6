import { randomInt } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { FLAG, OPCODE, RCODE, rcodeName, TYPE } from '../../dns/codes.ts'
import { Frames } from '../../dns/frames.ts'
import { endOfName, FormatError, readKey } from '../../dns/message.ts'
import { writeQuery } from '../../dns/query.ts'
import { readUint16 } from '../../dns/sections.ts'
import { serialOf, type Zone } from '../../zones/zone.ts'
import { answersOf, readZone } from './axfr.ts'
import type { Primary } from './secondary-zone.ts'

/** How long a connection may take to open, and may then be silent, in milliseconds. */
const SILENCE = 5000
/** How long a transfer may take, in milliseconds. */
const LONGEST = 600_000

/** A TCP connection to a primary, which is asked one question after the other. Asked over UDP, anybody could answer. */
export class PrimaryConnection {
  readonly #socket: Socket
  readonly #messages: AsyncGenerator<Buffer>
  readonly #timer: NodeJS.Timeout

  constructor({ address, port }: Primary) {
    this.#socket = connect({ host: address, port, timeout: SILENCE, noDelay: true })
    this.#socket.once('timeout', () => this.#fail(`no answer within ${SILENCE / 1000} s`))
    this.#timer = setTimeout(() => this.#fail(`the transfer was not whole within ${LONGEST / 1000} s`), LONGEST).unref()
    this.#messages = messagesOf(this.#socket)
  }

  #fail(reason: string): void {
    this.#socket.destroy(new Error(reason))
  }

  /** What is asked when it is closed fails. */
  close(): void {
    clearTimeout(this.#timer)
    this.#fail('closed')
  }

  /** The serial that the primary has of a zone. @throws what keeps it from being known */
  async serial(key: string): Promise<number> {
    for await (const message of this.#ask(key, TYPE.SOA)) {
      const soa = answersOf(message).find(({ owner, type }) => type === TYPE.SOA && owner === key)
      if (soa) return serialOf(soa.data)
      break
    }
    throw new Error('a reply without the SOA record')
  }

  /** All of a zone. @throws what is wrong with it, or keeps it from being known */
  zone(key: string): Promise<Zone> {
    return readZone(key, this.#ask(key, TYPE.AXFR))
  }

  /** The messages of a reply, as many as are asked for. */
  async *#ask(key: string, type: number): AsyncGenerator<Buffer> {
    const query = writeQuery(key, type, { id: randomInt(0x10000), flags: 0 })
    this.#socket.write(Buffer.concat([Buffer.of(query.length >> 8, query.length & 255), query]))
    for (;;) {
      const { value, done } = await this.#messages.next()
      if (done) throw new Error('the connection ended before the reply did')
      checkReply(value, query)
      yield value
    }
  }
}

async function* messagesOf(socket: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frames = new Frames()
  for await (const chunk of socket) yield* frames.add(chunk)
}

/** @throws {FormatError} a message that answers another query, or none, or says that there is no answer */
function checkReply(message: Buffer, query: Buffer): void {
  if (message.length < 12) throw new FormatError('a message shorter than a header')
  if (readUint16(message, 0) !== readUint16(query, 0)) throw new FormatError('a reply with another id')
  const flags = readUint16(message, 2)
  if ((flags & (FLAG.QR | 0x7800)) !== (FLAG.QR | (OPCODE.QUERY << 11))) throw new FormatError('a message that is not a reply')
  const rcode = flags & 15
  if (rcode !== RCODE.NOERROR) throw new FormatError(`rcode was "${rcodeName(rcode)}"`)
  if (flags & FLAG.TC) throw new FormatError('a reply that is cut off')
  // Messages behind the first need not have it (RFC 5936 §2.2.1).
  if (readUint16(message, 4) === 0) return
  const end = endOfName(message, 12)
  const isSame =
    readUint16(message, 4) === 1 &&
    readKey(message, 12) === readKey(query, 12) &&
    query.subarray(-4).equals(message.subarray(end, end + 4))
  if (!isSame) throw new FormatError('a reply to another question')
}
