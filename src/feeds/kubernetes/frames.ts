import { Malformed } from '../../protobuf-reader.ts'
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
  /** Octets of the frame that has begun, or of its length as long as that is not whole. */
  #needed = 4;

  *split(chunk: Buffer): Iterable<Buffer> {
    let at = 0
    // What has begun is put together with no more of the chunk than it lacks: most frames are whole in one.
    while (this.#pending.length > 0) {
      const end = at + this.#needed - this.#pending.length
      this.#pending.add(chunk.subarray(at, end))
      if (end > chunk.length) return
      at = end
      const begun = this.#pending.take()
      this.#needed = sizeAt(begun, 0)
      if (begun.length < this.#needed) this.#pending.add(begun)
      else yield begun.subarray(4)
    }
    for (;;) {
      this.#needed = chunk.length - at < 4 ? 4 : sizeAt(chunk, at)
      if (chunk.length - at < this.#needed) break
      yield chunk.subarray(at + 4, at + this.#needed)
      at += this.#needed
    }
    if (at < chunk.length) this.#pending.add(chunk.subarray(at))
  }
}

/** @throws {Malformed} of a frame that is too long */
function sizeAt(bytes: Buffer, at: number): number {
  const size = 4 + bytes.readUInt32BE(at)
  if (size > MAX_FRAME) throw new Malformed(`an event of ${size} octets`)
  return size
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
