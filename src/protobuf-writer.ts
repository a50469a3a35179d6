/** Writes Protocol Buffers: a message is the octets of its fields, one behind the other. */

/** One field: text, octets, a message that is written already, or a number that is not negative. */
export function writeField(field: number, value: string | Uint8Array | number): Buffer {
  if (typeof value === 'number') return Buffer.concat([writeNumber(field << 3), writeNumber(value)])
  const octets = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([writeNumber((field << 3) | 2), writeNumber(octets.length), octets])
}

function writeNumber(value: number): Buffer {
  const octets: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128)
  return Buffer.from([...octets, rest])
}

/** Writes fields one behind the other into memory that is there: for messages of which there are many. */
export class FieldWriter {
  readonly #octets: Buffer
  #end = 0

  /** @param octets of which there are enough: nobody looks */
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
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#octets[this.#end++] = (rest % 128) | 128
    this.#octets[this.#end++] = rest
  }
}
