import { openSync, readSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Milliseconds over which it is looked at how busy the thread is, at least; and at most, to say anything of now. */
const SPAN = 20
const LONGEST = 100
/** Of its time, how much a thread is engaged when it begins to let datagrams gather; and of its share of the processor, when it ends that. */
const NEARLY_ALL = 0.85
const HALF = 0.5
/** For how many milliseconds datagrams gather, at most, where the thread has a processor of its own. */
const LONGEST_MOMENT = 0.15
/** Nobody waits for more than a fourth of a processor. */
const LEAST_SHARE = 0.25
/** Milliseconds after which a share is measured anew. */
const FRESH = 1000

/** Milliseconds, since the thread began. */
interface Schedule {
  /** For how long it has run. */
  readonly ran: number
  /** For how long it could have run, and waited for a processor. */
  readonly waited: number
  /** For how long the whole process has run, on each of the processors that it may use, on average. */
  readonly process: number
}

/**
 * Interrupt moderation: a thread that has hardly any time left lets datagrams gather for a moment before it reads them. To be woken, and to
 * wake a client with each few replies, takes it longer than to answer them. A thread that has time answers at once, unless its process has none:
 * it would interrupt the others.
 */
export class Moderation {
  readonly #sleep: (microseconds: number) => void
  readonly #schedule: () => Schedule
  /** Whether datagrams gather. */
  #isOn = false
  /** Since when. */
  #began = 0
  /** What it gets of the processor: half, where another one wants all of it, too. */
  #share = 1
  #took = 0
  #since = 0
  #before: Schedule = { ran: 0, waited: 0, process: 0 }

  constructor(sleep: (microseconds: number) => void, schedule: () => Schedule) {
    this.#sleep = sleep
    this.#schedule = schedule
  }

  /**
   * Before datagrams are read. They gather for as long as those before took: who waits for a reply hardly waits longer, and half of the time is
   * left. Where others answer on the same processor meanwhile, each gets a part of what comes: as many take as much longer to gather.
   */
  gather(): void {
    if (!this.#isOn) return
    const moment = Math.min(this.#took / this.#share, LONGEST_MOMENT)
    this.#sleep(Math.ceil((1000 * moment) / this.#share))
  }

  /** Datagrams were read at `received`, and answered at `now`; milliseconds. */
  note(received: number, now: number): void {
    this.#took = now - received
    const elapsed = now - this.#since
    if (elapsed < SPAN) return
    const schedule = this.#schedule()
    const ran = schedule.ran - this.#before.ran
    const engaged = ran + schedule.waited - this.#before.waited
    const all = schedule.process - this.#before.process
    const busy = Math.max(engaged, all)
    if (elapsed >= LONGEST) this.#isOn = false
    else if (this.#isOn) this.#isOn = Math.max(engaged / this.#share, all) > HALF * elapsed && now - this.#began < FRESH
    else if (busy > NEARLY_ALL * elapsed) {
      this.#isOn = true
      this.#began = now
      this.#share = Math.max(ran / busy, LEAST_SHARE)
    }
    this.#since = now
    this.#before = schedule
  }
}

/** What the kernel has of this thread (`/proc/PID/schedstat`). Nothing but zeros where it says nothing. */
export function schedulerStatistics(): () => Schedule {
  const processors = availableParallelism()
  const all = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000 / processors
  }
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r')
    const text = Buffer.alloc(64)
    return () => {
      const [ran, waited] = text.toString('latin1', 0, readSync(file, text, 0, text.length, 0)).split(' ')
      return { ran: Number(ran) / 1e6, waited: Number(waited) / 1e6, process: all() }
    }
  } catch {
    return () => ({ ran: 0, waited: 0, process: 0 })
  }
}
