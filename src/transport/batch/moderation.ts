import { performance } from 'node:perf_hooks'

/** Milliseconds over which it is looked at how busy the thread is, at least; and at most, to say anything of now. */
const SPAN = 10
const LONGEST = 100
/** Milliseconds that a moment takes. What is beyond it is the time of other threads, which this one would not have had either. */
const MOMENT = 0.06
/** Of its time, what a thread has left when it begins to let datagrams gather, and when it ends that. */
const HARDLY_ANY = 0.15
const HALF = 0.5

/**
 * Interrupt moderation: a thread that has hardly any time left lets datagrams gather for a moment before it reads them. To be woken, and to
 * wake a client with each few replies, takes it longer than to answer them. A thread that has time answers at once.
 */
export class Moderation {
  /** Whether the thread has hardly any time left. */
  isOn = false
  readonly #sleep: () => void
  readonly #idle: () => number
  #since = 0
  #idleBefore = 0
  #moments = 0

  /**
   * @param sleep for a moment
   * @param idle for how many milliseconds the thread has waited for something to do so far
   */
  constructor(sleep: () => void, idle = (): number => performance.eventLoopUtilization().idle) {
    this.#sleep = sleep
    this.#idle = idle
  }

  gather(): void {
    this.#sleep()
    this.#moments++
  }

  /** Datagrams were read. @param now in milliseconds */
  note(now: number): void {
    const elapsed = now - this.#since
    if (elapsed < SPAN) return
    const idle = this.#idle()
    const left = (idle - this.#idleBefore + MOMENT * this.#moments) / elapsed
    this.isOn = elapsed < LONGEST && left < (this.isOn ? HALF : HARDLY_ANY)
    this.#since = now
    this.#idleBefore = idle
    this.#moments = 0
  }
}
