import { TYPE } from '../dns/codes.ts'
import type { Compiled } from './compiled.ts'
import { RecordSet } from './record-set.ts'

const NO_SETS: readonly RecordSet[] = []

/** A name of a zone: one with records, or one above such. */
export class Node {
  readonly key: string
  /** The name above; undefined for the zone's own. */
  readonly parent: Node | undefined
  /** Of the very length: an array that grows keeps room for more. */
  #sets: readonly RecordSet[] = NO_SETS
  /** Another zone begins here (NS), or the names below are those of another name (DNAME). */
  #isBarrier = false
  /** What was compiled for names that are answered from here, by what was asked. */
  compiled: Map<number, Compiled> | undefined = undefined

  constructor(key: string, parent: Node | undefined) {
    this.key = key
    this.parent = parent
  }

  /** The records of a type. */
  get(type: number): RecordSet | undefined {
    for (const set of this.#sets) if (set.type === type) return set.data.length > 0 ? set : undefined
    return undefined
  }

  /** All records, by type. */
  get sets(): readonly RecordSet[] {
    return this.#sets
  }

  /** Some of the records (RFC 8482 §4.1). */
  get first(): RecordSet | undefined {
    return this.#sets.find(set => set.data.length > 0)
  }

  /** All RRSIG records, whatever they cover. */
  get signatures(): RecordSet | undefined {
    const signed = this.#sets.filter(set => set.signatures.length > 0)
    if (signed.length === 0) return undefined
    return new RecordSet(
      TYPE.RRSIG,
      Math.min(...signed.map(set => set.ttl)),
      signed.flatMap(set => set.signatures),
    )
  }

  /** Whether it exists only because of names below it. */
  get isEmpty(): boolean {
    return this.#sets.length === 0
  }

  /** Whether others may answer for this type: the name has no records, or, at the zone's own name, only those that make it a zone. */
  isBare(type: number): boolean {
    if (this.parent || type === TYPE.SOA || type === TYPE.NS) return this.isEmpty
    return this.#sets.every(set => set.type === TYPE.SOA || set.type === TYPE.NS)
  }

  /** @throws {RangeError} */
  add(type: number, ttl: number, data: string): void {
    if (type === TYPE.RRSIG) {
      const covered = (data.charCodeAt(0) << 8) | data.charCodeAt(1)
      const set = this.#sets.find(held => held.type === covered) ?? this.#add(new RecordSet(covered, ttl, []))
      set.sign(data)
      return
    }
    const set = this.#sets.find(held => held.type === type)
    if (set) set.add(data, ttl)
    else this.#add(new RecordSet(type, ttl, [data]))
    this.#isBarrier ||= type === TYPE.DNAME || (type === TYPE.NS && this.parent !== undefined)
  }

  #add(set: RecordSet): RecordSet {
    this.#sets = this.#sets.concat(set)
    return set
  }

  /**
   * The highest name, from this one up, whose records say that this zone does not know the names below it.
   * DNAME says nothing of the name that has it (RFC 6672 §2.3).
   * @param isExact whether this very name was asked for, not one below it
   */
  barrier(isExact: boolean): Node | undefined {
    let found: Node | undefined
    for (let node: Node | undefined = this; node; node = node.parent)
      if (node.#isBarrier && !(isExact && node === this && !node.isCut)) found = node
    return found
  }

  /** Whether another zone begins here (RFC 1034 §4.2). */
  get isCut(): boolean {
    return this.parent !== undefined && this.get(TYPE.NS) !== undefined
  }
}
