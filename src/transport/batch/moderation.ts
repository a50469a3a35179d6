import { openSync, readSync } from 'node:fs'

/** Milliseconds over which it is looked at how busy the thread is, at least; and at most, to say anything of now. */
const SPAN = 20
const LONGEST = 100
/** Of its time, what a thread has left when it begins to let datagrams gather, and when it ends that. */
const HARDLY_ANY = 0.15
const HALF = 0.5
/** For how many milliseconds datagrams gather, at most. */
const LONGEST_MOMENT = 0.15

/**
 * Interrupt moderation: a thread that has hardly any time left lets datagrams gather for a moment before it reads them. To be woken, and to
 * wake a client with each few replies, takes it longer than to answer them. A thread that has time answers at once.
 */
export class Moderation {
  readonly #sleep: (microseconds: number) => void
  readonly #engaged: () => number
  /** Whether the thread has hardly any time left. */
  #isOn = false
  #took = 0
  #since = 0
  #engagedBefore = 0

  /** @param engaged for how many milliseconds the thread has run, or waited for a core to run on, so far */
  constructor(sleep: (microseconds: number) => void, engaged: () => number) {
    this.#sleep = sleep
    this.#engaged = engaged
  }

  /** Before datagrams are read. They gather for as long as those before took: who waits for a reply hardly waits longer, and half of the time is left. */
  gather(): void {
    if (this.#isOn) this.#sleep(Math.ceil(1000 * Math.min(this.#took, LONGEST_MOMENT)))
  }

  /** Datagrams were read at `received`, and answered at `now`; milliseconds. */
  note(received: number, now: number): void {
    this.#took = now - received
    const elapsed = now - this.#since
    if (elapsed < SPAN) return
    const engaged = this.#engaged()
    const left = 1 - (engaged - this.#engagedBefore) / elapsed
    this.#isOn = elapsed < LONGEST && left < (this.#isOn ? HALF : HARDLY_ANY)
    this.#since = now
    this.#engagedBefore = engaged
  }
}

/** What the kernel has of this thread (`/proc/PID/schedstat`): for how many milliseconds it has run and waited for a core. 0 where it says nothing. */
export function schedulerStatistics(): () => number {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r')
    const text = Buffer.alloc(64)
    return () => {
      const [run, waited] = text.toString('latin1', 0, readSync(file, text, 0, text.length, 0)).split(' ')
      return (Number(run) + Number(waited)) / 1e6
    }
  } catch {
    return () => 0
  }
}
