/** Octets that are no message. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
}

/** The tag of a field that is text, octets or a message (protobuf.dev/programming-guides/encoding). */
export const sized = (field: number): number => (field << 3) | 2
/** The tag of a field that is a number or a truth value. */
export const numeric = (field: number): number => field << 3

/**
 * Reads Protocol Buffers field by field, straight from the octets: `next` gives the tag of a field, and then its value is read, or the
 * message that it is entered and left, or it is skipped unseen.
 */
export class ProtobufReader {
  readonly bytes: Buffer
  at: number
  /** Where the message that is being read ends. */
  end: number

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  /** The tag of the next field; 0 behind the last one. */
  next(): number {
    return this.at < this.end ? this.number() : 0
  }

  /** @throws {Malformed} */
  number(): number {
    const octet = this.at < this.end ? this.bytes[this.at]! : 128
    if (octet > 127) return this.#long()
    this.at++
    return octet
  }

  #long(): number {
    let value = 0
    for (let scale = 1; this.at < this.end && scale < 2 ** 70; scale *= 128) {
      const octet = this.bytes[this.at++]!
      if (octet < 128) return value + octet * scale
      value += (octet & 127) * scale
    }
    throw new Malformed('a number that does not end')
  }

  /** @param guess a text in ASCII that it may be, which is then not made once more */
  text(guess = ''): string {
    const end = this.#sized()
    const text = this.#is(guess, end) ? guess : this.bytes.toString(undefined, this.at, end)
    this.at = end
    return text
  }

  /** Whether the text is this one, which is ASCII. */
  matches(text: string): boolean {
    const end = this.#sized()
    const same = this.#is(text, end)
    this.at = end
    return same
  }

  #is(text: string, end: number): boolean {
    let same = end - this.at === text.length
    for (let i = 0; same && i < text.length; i++) same = this.bytes[this.at + i] === text.charCodeAt(i)
    return same
  }

  /** Goes into a message. @returns what to `leave` it with */
  enter(): number {
    const outer = this.end
    this.end = this.#sized()
    return outer
  }

  leave(outer: number): void {
    this.at = this.end
    this.end = outer
  }

  /** A reader of its own for a message, which is skipped here. */
  within(): ProtobufReader {
    const end = this.#sized()
    const reader = new ProtobufReader(this.bytes, this.at, end)
    this.at = end
    return reader
  }

  skip(tag: number): void {
    const wire = tag & 7
    if (wire === 0) this.number()
    else if (wire === 2) this.at = this.#sized()
    else if (wire === 1) this.at = this.#behind(8)
    else if (wire === 5) this.at = this.#behind(4)
    else throw new Malformed(`a field of wire type ${wire}`)
  }

  #sized(): number {
    return this.#behind(this.number())
  }

  #behind(length: number): number {
    if (this.at + length > this.end) throw new Malformed('a field that is longer than its message')
    return this.at + length
  }
}
