/** How many lines are written in a period of this many milliseconds; the rest are counted. */
const MOST = 20
const PERIOD = 60_000

/** Writes problems to the log, a limited number in each period: there may be one in everything that a server sends. */
export class Complaints {
  readonly #write: (line: string) => void
  #lines = 0
  #timer: NodeJS.Timeout | undefined

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  add(line: string): void {
    this.#timer ??= setTimeout(() => this.#endPeriod(), PERIOD).unref()
    if (++this.#lines <= MOST) this.#write(line)
  }

  #endPeriod(): void {
    if (this.#lines > MOST) this.#write(`${this.#lines - MOST} more problems within ${PERIOD / 1000} s`)
    this.#lines = 0
    this.#timer = undefined
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
