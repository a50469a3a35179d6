/** Messages as they go over a call: a flag that is set where it is compressed, its length in four octets, and the message (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). */
import { CallError, STATUS } from './status.ts'

const HEAD = 5

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEAD + message.length)
  framed[0] = 0
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, HEAD)
  return framed
}

/** The one message that a call brings, as it comes in. */
export class SingleMessage {
  readonly #longest: number
  readonly #encoding: string
  readonly #chunks: Buffer[] = []
  #length = 0
  /** Of the message; undefined before its head has come. */
  #wanted: number | undefined

  /** @param longest that it may be, in octets @param encoding what it says that it may be compressed with */
  constructor(longest: number, encoding = 'identity') {
    this.#longest = longest
    this.#encoding = encoding
  }

  /** @throws {CallError} as soon as it is none that can be taken */
  take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#wanted === undefined && this.#length >= HEAD) this.#wanted = this.#begin(Buffer.concat(this.#chunks))
    if (this.#wanted !== undefined && this.#length > HEAD + this.#wanted)
      throw new CallError(STATUS.INTERNAL, 'more than one message')
  }

  #begin(octets: Buffer): number {
    if (octets[0] !== 0)
      throw new CallError(this.#encoding === 'identity' ? STATUS.INTERNAL : STATUS.UNIMPLEMENTED, 'a message that is compressed')
    const length = octets.readUInt32BE(1)
    if (length > this.#longest)
      throw new CallError(STATUS.RESOURCE_EXHAUSTED, `received message larger than max (${length} vs. ${this.#longest})`)
    return length
  }

  /** What has come. @throws {CallError} it is not whole */
  end(): Buffer {
    if (this.#length === 0) throw new CallError(STATUS.INTERNAL, 'no message')
    if (this.#wanted === undefined || this.#length < HEAD + this.#wanted)
      throw new CallError(STATUS.INTERNAL, 'a message that is cut off')
    return Buffer.concat(this.#chunks).subarray(HEAD)
  }
}
