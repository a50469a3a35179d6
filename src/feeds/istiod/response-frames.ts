import { Malformed, ProtobufReader } from '../../protobuf-reader.ts'

/** A resource has a size that one can hold; a message of many of them need not have. */
const MAX_FIELD = 64 << 20

/** Receives the messages of a stream field by field, as they come in. */
export interface MessageListener {
  /** The next field of the message that comes in. @param field at its value */
  field(tag: number, field: ProtobufReader): void
  /** A field was passed over. */
  tooLarge(problem: string): void
  /** The message is whole. @param octets how many there were */
  end(octets: number): void
}

/**
 * Cuts the octets of a gRPC stream into the fields of its messages. Each is handed on as soon as it is whole, so that a message of 40 MB is never
 * held. Before a message stand a flag that is set if it is compressed, and its length in four octets.
 */
export class ResponseFrames {
  readonly #listener: MessageListener
  #chunks: Buffer[] = []
  #pending = 0
  /** How many octets there must be until it is worth looking. */
  #needed = 5
  /** Octets of the present message that are still to come; undefined between messages. */
  #left: number | undefined
  #length = 0
  /** Octets that are passed over. */
  #skip = 0

  constructor(listener: MessageListener) {
    this.#listener = listener
  }

  /** @throws {Malformed} it is no message */
  take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#pending += chunk.length
    if (this.#pending < this.#needed) return
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#pending)
    this.#needed = 1
    let at = 0
    while (at < bytes.length || this.#left === 0) {
      const taken =
        this.#skip > 0
          ? this.#pass(bytes, at)
          : this.#left === undefined
            ? this.#begin(bytes, at)
            : this.#next(bytes, at, this.#left)
      if (taken === undefined) break
      at += taken
    }
    this.#chunks = at < bytes.length ? [bytes.subarray(at)] : []
    this.#pending = bytes.length - at
  }

  /** @returns how many octets it took; undefined where more are needed */
  #begin(bytes: Buffer, at: number): number | undefined {
    if (bytes.length - at < 5) {
      this.#needed = 5
      return undefined
    }
    if (bytes[at] !== 0) throw new Malformed('a message that is compressed')
    this.#left = this.#length = bytes.readUInt32BE(at + 1)
    return 5
  }

  #pass(bytes: Buffer, at: number): number {
    const taken = Math.min(this.#skip, bytes.length - at)
    this.#skip -= taken
    return taken
  }

  #next(bytes: Buffer, at: number, left: number): number | undefined {
    if (left === 0) {
      this.#left = undefined
      this.#listener.end(this.#length)
      return 0
    }
    const end = Math.min(bytes.length, at + left)
    const size = sizeOfField(bytes, at, end)
    if (size === undefined || size > end - at) {
      if (end - at === left || (size ?? 0) > left) throw new Malformed('a field that is longer than its message')
      this.#needed = size ?? end - at + 1
      if (size === undefined || size <= MAX_FIELD) return undefined
      this.#listener.tooLarge(`a resource of more than ${MAX_FIELD >> 20} MiB`)
      this.#needed = 1
      this.#left = left - size
      this.#skip = size
      return 0
    }
    const reader = new ProtobufReader(bytes, at, at + size)
    this.#listener.field(reader.next(), reader)
    this.#left = left - size
    return size
  }
}

/** Octets of the field that begins at `at`; undefined where its head is not there yet. @throws {Malformed} */
function sizeOfField(bytes: Buffer, at: number, end: number): number | undefined {
  const tagEnd = endOfNumber(bytes, at, end)
  if (tagEnd === undefined) return undefined
  const reader = new ProtobufReader(bytes, at, end)
  const wire = reader.next() & 7
  if (wire === 1 || wire === 5) return tagEnd - at + (wire === 1 ? 8 : 4)
  if (wire !== 0 && wire !== 2) throw new Malformed(`a field of wire type ${wire}`)
  const valueEnd = endOfNumber(bytes, tagEnd, end)
  if (valueEnd === undefined) return undefined
  return wire === 0 ? valueEnd - at : valueEnd - at + reader.number()
}

/** Where a number ends that begins at `at`. @throws {Malformed} */
function endOfNumber(bytes: Buffer, at: number, end: number): number | undefined {
  for (let i = at; i < end; i++) {
    if (i - at === 10) throw new Malformed('a number that does not end')
    if (bytes[i]! < 128) return i + 1
  }
  return undefined
}
