import type { Cell } from '#src/metrics.ts'
import type { Logger } from '#src/plugin.ts'

/** Milliseconds between two lines of the log; as CoreDNS. */
const PERIOD = 10_000

/** Counts the frames that nobody received, and logs how many. */
export class Drops {
  readonly #cell: Cell
  readonly #log: Logger
  #untold = 0
  #timer: NodeJS.Timeout | undefined

  constructor(cell: Cell, log: Logger) {
    this.#cell = cell
    this.#log = log
  }

  readonly add = (frames: number): void => {
    this.#cell.value += frames
    this.#untold += frames
    this.#timer ??= setTimeout(() => this.tell(), PERIOD).unref()
  }

  /** Tells what was not told yet. */
  tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#untold > 0) this.#log.warn(`Dropped dnstap messages: ${this.#untold}`)
    this.#untold = 0
  }
}
