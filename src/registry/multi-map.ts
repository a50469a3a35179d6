/** Several values under a key, of which most keys have one: that one is kept without a list around it. */
export class MultiMap<K, V extends object> {
  readonly #held = new Map<K, V | readonly V[]>()

  has(key: K): boolean {
    return this.#held.has(key)
  }

  of(key: K): readonly V[] {
    const held = this.#held.get(key)
    return held === undefined ? [] : Array.isArray(held) ? held : [held as V]
  }

  add(key: K, value: V): void {
    const held = this.#held.get(key)
    if (held === undefined) this.#held.set(key, value)
    else if (held !== value && !(Array.isArray(held) && held.includes(value))) this.#held.set(key, [...this.of(key), value])
  }

  delete(key: K, value: V): void {
    const others = this.of(key).filter(other => other !== value)
    if (others.length === 0) this.#held.delete(key)
    else this.#held.set(key, others.length === 1 ? others[0]! : others)
  }
}
