/** Writes Protocol Buffers: a message is the octets of its fields, one behind the other. */

/** Octets of the longest number: 64 bits, seven in each. */
const LONGEST_NUMBER = 10

/** One field: text, octets, a message that is written already, or a number that is not negative. */
export function writeField(field: number, value: string | Uint8Array | number): Buffer {
  if (typeof value === 'number') return Buffer.concat([writeNumber(field << 3), writeNumber(value)])
  const octets = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([writeNumber((field << 3) | 2), writeNumber(octets.length), octets])
}

function writeNumber(value: number): Buffer {
  const octets = Buffer.alloc(LONGEST_NUMBER)
  return octets.subarray(0, putNumber(octets, 0, value))
}

/** @returns where it ends */
function putNumber(octets: Buffer, at: number, value: number): number {
  let end = at
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) octets[end++] = (rest % 128) | 128
  octets[end++] = rest
  return end
}

/** Writes fields one after the other into memory that is reused, for messages that are written often. */
export class FieldWriter {
  readonly #octets: Buffer
  #end = 0

  /** @param octets which must be enough: this is not checked */
  constructor(octets: Buffer) {
    this.#octets = octets
  }

  /** What was written since the last call. It is written over by what comes next. */
  take(): Uint8Array {
    const end = this.#end
    this.#end = 0
    return this.#octets.subarray(0, end)
  }

  /** A number that is not negative. */
  number(field: number, value: number): void {
    this.#number(field << 3)
    this.#number(value)
  }

  /** A number of 32 bits that always takes four octets. */
  fixed32(field: number, value: number): void {
    this.#number((field << 3) | 5)
    this.#end = this.#octets.writeUInt32LE(value, this.#end)
  }

  /** Octets, or a message that is written already. */
  octets(field: number, value: Uint8Array): void {
    this.#number((field << 3) | 2)
    this.#number(value.length)
    this.#octets.set(value, this.#end)
    this.#end += value.length
  }

  #number(value: number): void {
    this.#end = putNumber(this.#octets, this.#end, value)
  }
}
