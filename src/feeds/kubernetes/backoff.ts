import type { Timing } from './timing.ts'

/** How long to wait after a failure: a random time below a bound that doubles with each, so that nobody asks in step with others. */
export class Backoff {
  readonly #timing: Timing
  #bound = 0
  #failed = Number.NEGATIVE_INFINITY

  constructor(timing: Timing) {
    this.#timing = timing
  }

  /** It has failed once more. @returns milliseconds */
  wait(): number {
    const { backoff, healthy } = this.#timing
    const now = performance.now()
    this.#bound = now - this.#failed > healthy ? backoff[0] : Math.min(2 * this.#bound, backoff[1])
    this.#failed = now
    return Math.random() * this.#bound
  }
}
