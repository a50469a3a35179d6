/** Kept at most; those that are still in use come back. */
const MOST = 4096

/** Values that many objects have in common, by the octets that they are read from: read once and held once. */
export class Shared<T> {
  readonly #values = new Map<string, T>()

  /** @param read undefined where there is none to share */
  of(octets: string, read: () => T | undefined): T | undefined {
    const held = this.#values.get(octets)
    if (held !== undefined) return held
    const value = read()
    if (value === undefined) return undefined
    if (this.#values.size >= MOST) this.#values.clear()
    this.#values.set(octets, value)
    return value
  }
}
