/** Works that are begun before the rest of the server has its turn. */
const TURN = 32

/** Begins works a few at a time, and those of each owner in its turn: what one brings at once may be thousands. */
export class Turns {
  readonly #waiting = new Map<object, (() => void)[]>()
  /** Since others had their turn. */
  #begun = 0

  /** Begins a work now, or when its owner's turn has come. @param work never throws */
  begin(owner: object, work: () => void): void {
    if (this.#begun < TURN && this.#waiting.size === 0) {
      this.#start(work)
      return
    }
    const works = this.#waiting.get(owner)
    if (works) works.push(work)
    else this.#waiting.set(owner, [work])
  }

  /** What a work gives, when it has been begun. */
  give<T>(owner: object, work: () => T | PromiseLike<T>): Promise<T> {
    return new Promise(resolve => this.begin(owner, () => resolve(work())))
  }

  #start(work: () => void): void {
    if (this.#begun++ === 0) setImmediate(this.#next)
    work()
  }

  readonly #next = () => {
    this.#begun = 0
    for (const [owner, works] of this.#waiting) {
      if (this.#begun === TURN) return
      this.#waiting.delete(owner)
      const work = works.shift()!
      // Behind the others.
      if (works.length > 0) this.#waiting.set(owner, works)
      this.#start(work)
    }
  }
}
