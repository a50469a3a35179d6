/** Lines in a period of so many milliseconds; the rest are counted. */
const MOST = 20
const PERIOD = 60_000

/** Problems on their way to the log, of which there may be one with everything that a server sends. */
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
