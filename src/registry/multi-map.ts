/** More values of one key are kept as a set, where any is found at once. */
const FEW = 16

/** Several values under a key, of which most keys have one: that one is kept without a list around it. */
export class MultiMap<K, V extends object> {
  readonly #held = new Map<K, V | readonly V[] | Set<V>>()

  has(key: K): boolean {
    return this.#held.has(key)
  }

  /** In the order in which they were added. */
  of(key: K): readonly V[] {
    const held = this.#held.get(key)
    if (held === undefined) return []
    return held instanceof Set ? [...held] : Array.isArray(held) ? held : [held as V]
  }

  *values(): Iterable<V> {
    for (const key of this.#held.keys()) yield* this.of(key)
  }

  add(key: K, value: V): void {
    const held = this.#held.get(key)
    if (held === undefined) this.#held.set(key, value)
    else if (held instanceof Set) held.add(value)
    else {
      const values = this.of(key)
      if (values.includes(value)) return
      this.#held.set(key, values.length < FEW ? [...values, value] : new Set(values).add(value))
    }
  }

  delete(key: K, value: V): void {
    const held = this.#held.get(key)
    if (held instanceof Set && held.size > FEW) {
      held.delete(value)
      return
    }
    const others = this.of(key).filter(other => other !== value)
    if (others.length === 0) this.#held.delete(key)
    else this.#held.set(key, others.length === 1 ? others[0]! : others)
  }
}
