import { hashOf } from './name-hash.ts'

/**
 * Values by name (as key, see `name.ts`). A `Map` has V8 put each name that it is asked for into its table of all strings, since it has never seen that
 * very string; here the hash is known from reading the query, and nothing is made.
 *
 * A hash table with linear probing, at most four fifths full. A slot has two numbers: a hash, and the place of name and value, counted from 1.
 */
export class NameMap<T> {
  /** Name and value have the same place; a deletion moves the last ones. */
  readonly #keys: string[] = []
  readonly #values: T[] = []
  #slots = new Int32Array(32)
  /** As many bits of a hash are not used to choose a slot. */
  #shift = 28

  get size(): number {
    return this.#keys.length
  }

  keys(): readonly string[] {
    return this.#keys
  }

  /** In the order of the keys. */
  values(): readonly T[] {
    return this.#values
  }

  /** @param at where the name begins in `key`, which may be one below it */
  get(key: string, hash = hashOf(key), at = 0): T | undefined {
    const place = this.#slots[this.#slotOf(key, hash, at) + 1]!
    return place === 0 ? undefined : this.#values[place - 1]
  }

  /** The very string that is held for a key, so that another table can share it. */
  keyOf(key: string, hash = hashOf(key)): string | undefined {
    const place = this.#slots[this.#slotOf(key, hash) + 1]!
    return place === 0 ? undefined : this.#keys[place - 1]
  }

  set(key: string, value: T, hash = hashOf(key)): void {
    const slot = this.#slotOf(key, hash)
    const place = this.#slots[slot + 1]!
    if (place > 0) {
      this.#values[place - 1] = value
      return
    }
    this.#values.push(value)
    this.#fill(slot, hash, this.#keys.push(key))
    if (5 * this.size > 2 * this.#slots.length) this.#grow()
  }

  delete(key: string, hash = hashOf(key)): void {
    const slot = this.#slotOf(key, hash)
    const place = this.#slots[slot + 1]!
    if (place === 0) return
    const last = this.#keys.at(-1)!
    this.#slots[this.#slotOf(last, hashOf(last)) + 1] = place
    this.#keys[place - 1] = last
    this.#values[place - 1] = this.#values.at(-1)!
    this.#keys.pop()
    this.#values.pop()
    this.#empty(slot)
  }

  /** The slot of a name, or the free one where it would be. */
  #slotOf(key: string, hash: number, at = 0): number {
    const slots = this.#slots
    let slot = this.#home(hash)
    while (slots[slot + 1] !== 0 && !(slots[slot] === hash && isName(this.#keys[slots[slot + 1]! - 1]!, key, at)))
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
