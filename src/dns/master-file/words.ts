import { CLASS, TYPE } from '../codes.ts'
import { ROOT, toWire } from '../name.ts'

/** The words of one record, read from first to last. Every reader takes the next word or throws a {@link RangeError} that says what was expected. */
export class Words {
  /** What names without a last dot stand below, in wire form. */
  readonly origin: string
  readonly #words: readonly string[]
  #next: number

  constructor(words: readonly string[], origin = ROOT, next = 0) {
    this.#words = words
    this.origin = origin
    this.#next = next
  }

  get left(): number {
    return this.#words.length - this.#next
  }

  /** The next word, not taken; undefined at the end. */
  get peek(): string | undefined {
    return this.#words[this.#next]
  }

  /** The next word as it stands. @param what it stands for, in messages */
  take(what: string): string {
    const word = this.#words[this.#next]
    if (word === undefined) throw new RangeError(`${what} is missing`)
    this.#next++
    return word
  }

  /** A word without quotes and escapes, as octets. */
  octets(what: string): string {
    return unescaped(this.take(what))
  }

  integer(what: string, most: number): number {
    const word = this.take(what)
    return wholeNumber(word, what, most)
  }

  /** A name in wire form, its letters as they stand. */
  name(what: string): string {
    const word = this.take(what)
    if (word === '@') return this.origin
    return toWire(word.startsWith('"') ? word.slice(1) : word, this.origin)
  }

  /** All words that are left, as one: base64 and hex may be cut anywhere. */
  joined(what: string): string {
    let all = this.take(what)
    while (this.left > 0) all += this.take(what)
    return all
  }
}

/** @throws {RangeError} */
export function wholeNumber(word: string, what: string, most: number): number {
  const value = /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN
  if (!(value <= most)) throw new RangeError(`${what} must be a whole number of at most ${most}: '${word}'`)
  return value
}

/** The octets of a word: `\DDD` is one by its number, `\X` the character itself (RFC 1035 §5.1). @throws {RangeError} */
export function unescaped(word: string): string {
  const text = word.startsWith('"') ? word.slice(1) : word
  if (!text.includes('\\')) return text
  return text.replace(/\\(\d{3}|[\s\S])/g, (sequence, octet: string) => {
    if (octet.length === 1) return octet
    if (Number(octet) > 255) throw new RangeError(`'${sequence}' is no octet`)
    return String.fromCharCode(Number(octet))
  })
}

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Seconds of a TTL such as `3600` or `1h30m`; undefined for any other word, and for more than 31 bits hold (RFC 2181 §8). */
export function parseTtl(word: string): number | undefined {
  // No digit may stand in one of two places: a long word that is none would be tried in every way.
  if (!/^(?=\d)(?:\d+[smhdw])*\d*$/i.test(word)) return undefined
  let seconds = 0
  for (const [, amount, unit] of word.matchAll(/(\d+)(\D?)/g)) seconds += Number(amount) * SECONDS[unit!.toLowerCase()]!
  return seconds <= 0x7fffffff ? seconds : undefined
}

/** The code of a record type: its name, or `TYPE` and a number (RFC 3597 §5); undefined for any other word. */
export const parseType = (word: string): number | undefined => parseCode(word, TYPE, 'TYPE')

/** The code of a class: its name, or `CLASS` and a number (RFC 3597 §5); undefined for any other word. */
export const parseClass = (word: string): number | undefined => parseCode(word, CLASS, 'CLASS')

function parseCode(word: string, names: Readonly<Record<string, number>>, prefix: string): number | undefined {
  const upper = word.toUpperCase()
  if (Object.hasOwn(names, upper)) return names[upper]
  const digits = upper.startsWith(prefix) ? upper.slice(prefix.length) : ''
  return /^\d{1,5}$/.test(digits) && Number(digits) <= 0xffff ? Number(digits) : undefined
}
