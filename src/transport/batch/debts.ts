import { NAME_WORDS } from './ring.ts'

/** Who is owed a reply: sockaddrs in one memory, each with a number that is given to another when the reply is there. It grows to the most that were owed at a time. */
export class Debts {
  /** Sockaddrs, as 32-bit words; another array after it had to grow. */
  names = new Uint32Array(64 * NAME_WORDS)
  readonly #free: number[] = []
  /** Numbers given so far. */
  #given = 0

  get count(): number {
    return this.#given - this.#free.length
  }

  /** Notes the sockaddr from index `from` of `words` on. @returns its number */
  add(words: Uint32Array, from: number): number {
    const debt = this.#free.pop() ?? this.#given++
    const at = this.at(debt)
    if (at === this.names.length) {
      const { names } = this
      this.names = new Uint32Array(2 * names.length)
      this.names.set(names)
    }
    for (let i = 0; i < NAME_WORDS; i++) this.names[at + i] = words[from + i]!
    return debt
  }

  /** Where in `names` its sockaddr is. */
  at(debt: number): number {
    return debt * NAME_WORDS
  }

  remove(debt: number): void {
    this.#free.push(debt)
  }
}
