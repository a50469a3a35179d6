import { type HeapProfiler, type Profiler, Session } from 'node:inspector/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Microseconds from one sample of the processor to the next: a hundred a second, as in Go. */
const INTERVAL = 10_000

/** Octets that are allocated from one sample of the heap to the next, on average: as in Go. */
const HEAP_INTERVAL = 512 << 10

/** What V8 measures in this thread. It has one of each kind, which all that use it share. */
export class Profiles {
  readonly #session = new Session()
  /** How many use it. */
  #users = 0
  #isMeasuring = false

  async acquire(): Promise<this> {
    if (this.#users++ > 0) return this
    this.#session.connect()
    await this.#session.post('Profiler.enable')
    await this.#session.post('Profiler.setSamplingInterval', { interval: INTERVAL })
    await this.#session.post('HeapProfiler.startSampling', { samplingInterval: HEAP_INTERVAL })
    return this
  }

  release(): void {
    if (--this.#users === 0) this.#session.disconnect()
  }

  /** What the thread does in the next seconds. @throws one is under way */
  async processor(seconds: number): Promise<Profiler.Profile> {
    if (this.#isMeasuring) throw new Error('a profile of the processor is under way')
    this.#isMeasuring = true
    try {
      await this.#session.post('Profiler.start')
      await sleep(1000 * seconds, undefined, { ref: false })
      const { profile } = await this.#session.post('Profiler.stop')
      return profile
    } finally {
      this.#isMeasuring = false
    }
  }

  /** What is in memory of what was allocated since the first use, by where that was. */
  async heap(): Promise<HeapProfiler.SamplingHeapProfile> {
    const { profile } = await this.#session.post('HeapProfiler.getSamplingProfile')
    return profile
  }
}

const profiles = new Profiles()

export const acquire = (): Promise<Profiles> => profiles.acquire()
