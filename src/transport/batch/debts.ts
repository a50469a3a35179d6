import type { Outgoing } from '../transport.ts'

/** A reply that is owed. */
export interface Debt {
  /** Where in `names` the name of its receiver is. */
  readonly at: number
  /** The reply is there, or there will be none. */
  readonly pay: (reply: Outgoing | undefined) => void
  readonly fail: (error: unknown) => void
}

/** Who is told of debts. */
export interface Debtor {
  pay(debt: Debt, reply: Outgoing | undefined): void
  fail(debt: Debt, error: unknown): void
}

/** Who is owed a reply: names, as a ring has them, in one memory. A debt that is settled is given to another: there are as many as were ever owed at a time. */
export class Debts {
  /** Another array after it had to grow. */
  names: Uint32Array
  readonly #nameWords: number
  readonly #debtor: Debtor
  readonly #free: Debt[] = []
  /** Debts made so far. */
  #made = 0

  /** @param nameWords of the ring */
  constructor(nameWords: number, debtor: Debtor) {
    this.#nameWords = nameWords
    this.#debtor = debtor
    this.names = new Uint32Array(64 * nameWords)
  }

  get count(): number {
    return this.#made - this.#free.length
  }

  /** Owes a reply to the name from index `from` of `words` on. */
  add(words: Uint32Array, from: number): Debt {
    const debt = this.#free.pop() ?? this.#make()
    for (let i = 0; i < this.#nameWords; i++) this.names[debt.at + i] = words[from + i]!
    return debt
  }

  #make(): Debt {
    const at = this.#made++ * this.#nameWords
    if (at === this.names.length) {
      const { names } = this
      this.names = new Uint32Array(2 * names.length)
      this.names.set(names)
    }
    const debt: Debt = {
      at,
      pay: reply => this.#debtor.pay(debt, reply),
      fail: error => this.#debtor.fail(debt, error),
    }
    return debt
  }

  remove(debt: Debt): void {
    this.#free.push(debt)
  }
}
