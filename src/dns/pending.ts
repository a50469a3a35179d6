type Step = ((value: never, about: never) => unknown) | null | undefined

/**
 * A promise for one reader. Each `then` continues where the one before it ended, and returns this same object; when the value comes, all steps run at once,
 * one after the other. A real promise would make an object for each step, and wait a microtask for each.
 */
export class Pending<T> implements PromiseLike<T> {
  /** What it is about. Each step gets it as second argument, so that one function can be the step of many. */
  readonly about: unknown
  /** For each `then`, what it does with a value, and with an error. */
  readonly #steps: Step[] = []
  #next = 0
  /** What the steps so far have come to; nothing was left unhandled. */
  #result: unknown
  #isOver = false

  constructor(about?: unknown) {
    this.about = about
  }

  /** To be called once. */
  fulfil(value: T): void {
    this.#run(value, false)
  }

  // biome-ignore lint/suspicious/noThenProperty: it is meant to be awaited
  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    this.#steps.push(onValue as Step, onError as Step)
    if (this.#isOver) {
      this.#isOver = false
      this.#run(this.#result, false)
    }
    return this as unknown as PromiseLike<A | B>
  }

  #run(result: unknown, isError: boolean): void {
    while (this.#next < this.#steps.length) {
      const step = this.#steps[this.#next + (isError ? 1 : 0)]
      this.#next += 2
      if (!step) continue
      try {
        result = step(result as never, this.about as never)
        isError = false
      } catch (error) {
        result = error
        isError = true
      }
      if (isThenable(result)) {
        result.then(
          value => this.#run(value, false),
          error => this.#run(error, true),
        )
        return
      }
    }
    this.#isOver = true
    // Nobody handles the error: it becomes an unhandled rejection.
    this.#result = isError ? Promise.reject(result) : result
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | undefined)?.then === 'function'
