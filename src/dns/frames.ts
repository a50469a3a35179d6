import { Buffer } from 'node:buffer'

/** The messages of a stream, before each of which stand two octets of its length (RFC 1035 §4.2.2). */
export class Frames {
  /** What came of a message that is not whole, and how many octets make sense to look at. */
  #chunks: Buffer[] = []
  #held = 0
  #wanted = 2

  /** The messages that are whole with `chunk`. They stand on its memory. */
  add(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    if (this.#held < this.#wanted) return []
    let data = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    const messages: Buffer[] = []
    let end = endOfMessage(data)
    for (; data.length >= end; end = endOfMessage(data)) {
      messages.push(data.subarray(2, end))
      data = data.subarray(end)
    }
    this.#chunks = data.length > 0 ? [data] : []
    this.#held = data.length
    this.#wanted = end
    return messages
  }
}

/** Where the message that begins `data` ends, as far as that can be told; with less than its length, behind that. */
const endOfMessage = (data: Buffer): number => (data.length < 2 ? 2 : 2 + data.readUInt16BE(0))
