import type { Sections } from '../dns/sections.ts'

/** Octets of a record but for its data, its owner being compressed. */
const HEAD = 12
/** What a message holds beside its header and question, in octets. */
const MOST = 65_000

const UNSIGNED: readonly string[] = []

/** The records of one name and type: they have one TTL (RFC 2181 §5.2), and each is there once (§5). */
export class RecordSet {
  readonly type: number
  /** In seconds: the least that one of them has. */
  ttl: number
  /** Octets, no name compressed. */
  readonly data: string[]
  /** Data of the RRSIG records that cover them. */
  signatures: readonly string[] = UNSIGNED
  /** The answer to a query for them under their own name, compiled at the first one. */
  answer: Sections | undefined = undefined
  #length = 0

  /** @throws {RangeError} no message holds the record */
  constructor(type: number, ttl: number, data: string[]) {
    this.type = type
    this.ttl = ttl
    this.data = data
    this.#grow(data[0] ?? '')
  }

  /** @throws {RangeError} no message holds them all */
  add(data: string, ttl: number): void {
    this.ttl = Math.min(this.ttl, ttl)
    if (this.data.includes(data)) return
    this.#grow(data)
    this.data.push(data)
  }

  /** @throws {RangeError} */
  sign(signature: string): void {
    if (this.signatures.includes(signature)) return
    this.#grow(signature)
    this.signatures = this.signatures.concat(signature)
  }

  #grow(data: string): void {
    this.#length += HEAD + data.length
    if (this.#length > MOST) throw new RangeError('no message holds all records of the name and type')
  }
}
