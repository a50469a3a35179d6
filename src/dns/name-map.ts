import { hashOf } from './name-hash.ts'

export interface Named {
  /** Of its name (see `name.ts`). */
  readonly key: string
}

/**
 * Things by their names. A `Map` has V8 put each name that it is asked for into its table of all strings, since it has never seen that very string;
 * here the hash is known from reading the query, and nothing is made.
 *
 * A hash table with linear probing, at most half full. A slot has two numbers: a hash, and the place of what it belongs to, counted from 1.
 */
export class NameMap<T extends Named> {
  readonly #entries: T[] = []
  #slots = new Int32Array(32)
  /** As many bits of a hash are not used to choose a slot. */
  #shift = 28

  get size(): number {
    return this.#entries.length
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#entries.values()
  }

  /** @param at where the name begins in `key`, which may be one below it */
  get(key: string, hash = hashOf(key), at = 0): T | undefined {
    const place = this.#slots[this.#slotOf(key, hash, at) + 1]!
    return place === 0 ? undefined : this.#entries[place - 1]
  }

  /** Puts `entry` where one of its name was, if there was one. */
  set(entry: T): void {
    const hash = hashOf(entry.key)
    const slot = this.#slotOf(entry.key, hash)
    const place = this.#slots[slot + 1]!
    if (place > 0) this.#entries[place - 1] = entry
    else this.#fill(slot, hash, this.#entries.push(entry))
    if (4 * this.size > this.#slots.length) this.#grow()
  }

  delete(key: string, hash = hashOf(key)): void {
    const slot = this.#slotOf(key, hash)
    const place = this.#slots[slot + 1]!
    if (place === 0) return
    // The last entry takes its place.
    const last = this.#entries.at(-1)!
    this.#slots[this.#slotOf(last.key, hashOf(last.key)) + 1] = place
    this.#entries[place - 1] = last
    this.#entries.pop()
    this.#empty(slot)
  }

  clear(): void {
    this.#entries.length = 0
    this.#slots.fill(0)
  }

  /** The slot of a name, or the free one where it would be. */
  #slotOf(key: string, hash: number, at = 0): number {
    const slots = this.#slots
    let slot = this.#home(hash)
    while (slots[slot + 1] !== 0 && !(slots[slot] === hash && isName(this.#entries[slots[slot + 1]! - 1]!.key, key, at)))
      slot = this.#after(slot)
    return slot
  }

  /** The slot that a hash would have if there were no others. */
  #home(hash: number): number {
    return (hash >>> this.#shift) << 1
  }

  #after(slot: number): number {
    return (slot + 2) & (this.#slots.length - 1)
  }

  #fill(slot: number, hash: number, place: number): void {
    this.#slots[slot] = hash
    this.#slots[slot + 1] = place
  }

  /** Frees a slot. What follows without a gap moves up, unless it would come to stand before its home. */
  #empty(slot: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let next = this.#after(slot); slots[next + 1] !== 0; next = this.#after(next)) {
      if (((next - this.#home(slots[next]!)) & mask) < ((next - slot) & mask)) continue
      this.#fill(slot, slots[next]!, slots[next + 1]!)
      slot = next
    }
    slots[slot + 1] = 0
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Int32Array(2 * before.length)
    this.#shift--
    for (let i = 0; i < before.length; i += 2) {
      if (before[i + 1] === 0) continue
      let slot = this.#home(before[i]!)
      while (this.#slots[slot + 1] !== 0) slot = this.#after(slot)
      this.#fill(slot, before[i]!, before[i + 1]!)
    }
  }
}

/** Whether `name` is what begins at `at` of `key`. */
const isName = (name: string, key: string, at: number): boolean =>
  at === 0 ? name === key : name.length === key.length - at && key.endsWith(name)
