/** Records as lines of master files write them. */
import { Buffer } from 'node:buffer'
import { CLASS, className, TYPE, typeName } from '../codes.ts'
import { lowerCase, ROOT, toText } from '../name.ts'
import { readEntries } from './entries.ts'
import { detached } from './octets.ts'
import { readRdata, writeRdata } from './rdata.ts'
import { parseClass, parseTtl, parseType, Words } from './words.ts'

export interface MasterRecord {
  /** Key. */
  readonly owner: string
  readonly type: number
  readonly class: number
  /** In seconds. */
  readonly ttl: number
  /** Octets, one character each; no name in it is compressed, and letters are as they were written. */
  readonly data: string
}

/** The record as a line, without its end. */
export const writeRecord = ({ owner, ttl, class: code, type, data }: MasterRecord): string =>
  [toText(owner), ttl, className(code), typeName(type), writeRdata(type, data)].join('\t')

/** Reads one record after the other: what one does not say is taken from those before it. */
export class RecordReader {
  /** What names without a last dot stand below, in wire form. */
  origin: string
  #owner: string | undefined
  #ttl: number
  #isTtlOfAll = false

  /** @param ttl of records that say nothing and follow none that does, in seconds; an hour by default */
  constructor(origin: string, ttl = 3600) {
    this.origin = origin
    this.#ttl = ttl
  }

  /** The TTL of all records from here on that do not give one (RFC 2308 §4). */
  set ttl(seconds: number) {
    this.#ttl = seconds
    this.#isTtlOfAll = true
  }

  /** A reader that goes on in an included file, and knows nothing of what that says in the end. */
  branch(origin: string): RecordReader {
    const branch = new RecordReader(origin, this.#ttl)
    branch.#owner = this.#owner
    branch.#isTtlOfAll = this.#isTtlOfAll
    return branch
  }

  /**
   * @param flush whether the first word is the owner
   * @throws {RangeError} what is wrong with the words
   */
  read(words: readonly string[], flush: boolean): MasterRecord {
    const rest = new Words(words, this.origin)
    if (flush) this.#setOwner(rest.name('OWNER'))
    if (this.#owner === undefined) throw new RangeError('a line that begins with a blank, and no owner before it')
    const { ttl, class: classCode, type } = this.#readHead(rest)
    if (type === 0 || type === TYPE.OPT || (type >= 128 && type <= 255)) throw new RangeError(`no record has type ${type}`)
    return { owner: this.#owner, type, class: classCode, ttl, data: detached(readRdata(type, rest)) }
  }

  #setOwner(name: string): void {
    const owner = lowerCase(name)
    if (owner !== this.#owner) this.#owner = detached(owner)
  }

  /** TTL and class may come in either order, or not at all. */
  #readHead(words: Words): { ttl: number; class: number; type: number } {
    let ttl: number | undefined
    let classCode: number | undefined
    for (;;) {
      const word = words.take('TYPE')
      const type = parseType(word)
      if (type !== undefined) return { ttl: this.#ttlOf(ttl), class: classCode ?? CLASS.IN, type }
      const [seconds, code] = [parseTtl(word), parseClass(word)]
      if (seconds !== undefined && ttl === undefined) ttl = seconds
      else if (code !== undefined && classCode === undefined) classCode = code
      else throw new RangeError(`no record type: '${word}'`)
    }
  }

  #ttlOf(given: number | undefined): number {
    if (given !== undefined && !this.#isTtlOfAll) this.#ttl = given
    return given ?? this.#ttl
  }
}

/**
 * The record of a line such as `example.org. 300 IN MX 10 mail.example.org.`; names that do not end in a dot are given one, and the TTL is an hour where there is none.
 * @throws {RangeError} what is wrong with the line
 */
export function readRecord(line: string): MasterRecord {
  const [entry, ...more] = [...readEntries(Buffer.from(line).toString('latin1'))].filter(({ words }) => words.length > 0)
  if (!entry || more.length > 0) throw new RangeError(`${entry ? 'more than one' : 'no'} record`)
  return new RecordReader(ROOT).read(entry.words, entry.flush)
}
