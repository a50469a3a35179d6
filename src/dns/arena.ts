import { Buffer } from 'node:buffer'
import { readUint16, Sections } from './sections.ts'

/** Octets of a piece. What is longer has one for itself. */
const PIECE = 1 << 16
/** Number of answers, and length. */
const HEAD = 4

/**
 * Answers that are never taken out, one behind the other, each under a number. As objects they are ten times as large: with a hundred thousand names,
 * that is more than the caches of a processor hold.
 */
export class Arena {
  readonly #pieces: Buffer[] = []
  /** Octets used of the last one. */
  #used = PIECE

  /** @param sections answers whose owner is the question's name, at most 65,535 octets of them @returns the number */
  add(sections: Sections): number {
    const length = HEAD + sections.length
    if (this.#used + length > PIECE) {
      this.#pieces.push(Buffer.allocUnsafeSlow(Math.max(PIECE, length)))
      this.#used = 0
    }
    const start = this.#used
    const piece = this.#pieces.at(-1)!
    piece.writeUInt16BE(sections.answers, start)
    piece.writeUInt16BE(sections.length, start + 2)
    sections.write(piece, start + HEAD)
    this.#used += length
    return (this.#pieces.length - 1) * PIECE + start
  }

  /** @param key of the question that they are for */
  get(number: number, key: string): Sections {
    const piece = this.#pieces[number >>> 16]!
    const at = number & (PIECE - 1)
    return new Sections(piece, readUint16(piece, at), 0, 0, 16 + key.length, at + HEAD, readUint16(piece, at + 2))
  }
}
