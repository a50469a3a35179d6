import { setImmediate } from 'node:timers/promises'
import type { MeshRecord } from '../registry/record.ts'
import type { Subscriber } from './feed.ts'

/** Records replayed to a new subscriber in one go; queries get their turn in between. */
const SLICE = 100

/** What every feed does with its records: it holds them, and tells subscribers. */
export abstract class Records {
  readonly #records = new Map<string, MeshRecord>()
  readonly #subscribers = new Set<Subscriber>()

  get records(): ReadonlyMap<string, MeshRecord> {
    return this.#records
  }

  /** Replaces the record under this id, or removes it, and tells all subscribers. */
  protected tell(id: string, record: MeshRecord | undefined): void {
    const previous = this.#records.get(id)
    if (record) this.#records.set(id, record)
    else this.#records.delete(id)
    for (const subscriber of this.#subscribers) subscriber(id, record, previous)
  }

  async subscribe(subscriber: Subscriber): Promise<void> {
    this.#subscribers.add(subscriber)
    let told = 0
    for (const [id, record] of this.#records) {
      if (!this.#subscribers.has(subscriber)) return
      subscriber(id, record, undefined)
      if (++told % SLICE === 0) await setImmediate()
    }
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber)
  }
}
