/** Milliseconds. */
export interface Pace {
  /** The bound of the wait after a first failure, and of the wait after many. */
  readonly backoff: readonly [first: number, most: number]
  /** What has worked for as long as this fails for the first time. */
  readonly healthy: number
}

/** How long to wait after a failure: a random time below a bound that doubles with each, so that nobody asks in step with others. */
export class Backoff {
  readonly #pace: Pace
  #bound = 0

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** It has failed once more. @param worked for how long it has worked before, in milliseconds @returns milliseconds */
  wait(worked: number): number {
    const [first, most] = this.#pace.backoff
    this.#bound = this.#bound === 0 || worked >= this.#pace.healthy ? first : Math.min(2 * this.#bound, most)
    return Math.random() * this.#bound
  }
}
