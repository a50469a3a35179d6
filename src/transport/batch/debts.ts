/** Who is owed a reply: names, as a ring has them, in one memory, each with a number that is given to another when the reply is there. It grows to the most that were owed at a time. */
export class Debts {
  /** Another array after it had to grow. */
  names: Uint32Array
  readonly #nameWords: number
  readonly #free: number[] = []
  /** Numbers given so far. */
  #given = 0

  /** @param nameWords of the ring */
  constructor(nameWords: number) {
    this.#nameWords = nameWords
    this.names = new Uint32Array(64 * nameWords)
  }

  get count(): number {
    return this.#given - this.#free.length
  }

  /** Notes the name from index `from` of `words` on. @returns its number */
  add(words: Uint32Array, from: number): number {
    const debt = this.#free.pop() ?? this.#given++
    const at = this.at(debt)
    if (at === this.names.length) {
      const { names } = this
      this.names = new Uint32Array(2 * names.length)
      this.names.set(names)
    }
    for (let i = 0; i < this.#nameWords; i++) this.names[at + i] = words[from + i]!
    return debt
  }

  /** Where in `names` its name is. */
  at(debt: number): number {
    return debt * this.#nameWords
  }

  remove(debt: number): void {
    this.#free.push(debt)
  }
}
