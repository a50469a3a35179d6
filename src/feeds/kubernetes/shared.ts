/** Kept at most; those that are still in use come back. */
const MOST = 4096

/** Values that many objects have in common, by the octets that they are read from: read once and held once. */
export class Shared<T> {
  readonly #values = new Map<string, T>()

  get(octets: string): T | undefined {
    return this.#values.get(octets)
  }

  /** @param value undefined where there is none to share */
  add(octets: string, value: T | undefined): T | undefined {
    if (value === undefined) return undefined
    if (this.#values.size >= MOST) this.#values.clear()
    this.#values.set(octets, value)
    return value
  }
}
