/** Milliseconds. */
export interface Pace {
  /** The bound of the wait after a first failure, and of the wait after many. */
  readonly backoff: readonly [first: number, most: number]
  /** Without failure, until the next one counts as a first one. */
  readonly healthy: number
}

/** How long to wait after a failure: a random time below a bound that doubles with each, so that nobody asks in step with others. */
export class Backoff {
  readonly #pace: Pace
  #bound = 0
  #failed = Number.NEGATIVE_INFINITY

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** It has failed once more. @returns milliseconds */
  wait(): number {
    const { backoff, healthy } = this.#pace
    const now = performance.now()
    this.#bound = now - this.#failed > healthy ? backoff[0] : Math.min(2 * this.#bound, backoff[1])
    this.#failed = now
    return Math.random() * this.#bound
  }
}
