import { Malformed } from '../protobuf-reader.ts'
import type { Frames } from './encoding.ts'

/** etcd holds objects of 1.5 MB, and their JSON is not several times that. */
const MAX_FRAME = 32 << 20

/** Octets that are still to be cut. */
class Pending {
  #chunks: Buffer[] = []
  length = 0

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.length += chunk.length
    if (this.length > MAX_FRAME) throw new Malformed(`an event of more than ${MAX_FRAME >> 20} MiB`)
  }

  /** All of them, in one piece. */
  take(): Buffer {
    const [only] = this.#chunks
    const bytes = this.#chunks.length === 1 ? only! : Buffer.concat(this.#chunks, this.length)
    this.#chunks = []
    this.length = 0
    return bytes
  }
}

/** Each frame behind its length, in four octets. */
export class LengthFrames implements Frames {
  readonly #pending = new Pending()
  /** How many octets there must be until it is worth looking. */
  #needed = 4;

  *split(chunk: Buffer): Iterable<Buffer> {
    this.#pending.add(chunk)
    if (this.#pending.length < this.#needed) return
    const bytes = this.#pending.take()
    let at = 0
    for (;;) {
      this.#needed = 4
      if (bytes.length - at < this.#needed) break
      this.#needed += bytes.readUInt32BE(at)
      if (bytes.length - at < this.#needed) break
      yield bytes.subarray(at + 4, at + this.#needed)
      at += this.#needed
    }
    if (this.#needed > MAX_FRAME) throw new Malformed(`an event of ${this.#needed} octets`)
    if (at < bytes.length) this.#pending.add(bytes.subarray(at))
  }
}

/** Each frame a line. */
export class LineFrames implements Frames {
  readonly #pending = new Pending();

  *split(chunk: Buffer): Iterable<Buffer> {
    const last = chunk.lastIndexOf(10)
    this.#pending.add(chunk)
    if (last < 0) return
    const bytes = this.#pending.take()
    let at = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
      yield bytes.subarray(at, end)
      at = end + 1
    }
    if (at < bytes.length) this.#pending.add(bytes.subarray(at))
  }
}
