/** Recorded streams of a real istiod, told again. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TypeName } from '#src/feeds/istiod/types.ts'
import type { TestIstiod } from './test-istiod.ts'

const CAPTURES = fileURLToPath(new URL('./captures', import.meta.url))

interface Event {
  /** The type; with it, the names that were asked for, or the nonce of what was acknowledged. */
  readonly request?: TypeName
  readonly subscribe?: readonly string[]
  readonly ack?: string
  readonly response?: TypeName
  readonly file?: string
  readonly change?: string
}

/** The objects of the cluster that all streams tell of, as JSON. */
export const capturedObjects = (): string => readFileSync(join(CAPTURES, 'objects.json'), 'utf8')

/**
 * Tells a stream in the order of its index. What the recorder said is waited for before it goes on, and so is {@link next} before each
 * change of the cluster.
 */
export class Replay {
  readonly #events: readonly Event[]
  readonly #folder: string
  readonly #istiod: TestIstiod
  #at = 0

  constructor(istiod: TestIstiod, scenario: string) {
    this.#istiod = istiod
    this.#folder = join(CAPTURES, scenario)
    this.#events = JSON.parse(readFileSync(join(this.#folder, 'index.json'), 'utf8')).events
    istiod.script = call => {
      call.on('data', () => setImmediate(() => this.#run()))
    }
  }

  /** The change that is to happen next; undefined behind the last one. */
  get change(): string | undefined {
    return this.#events[this.#at]?.change
  }

  /** Whether everything up to the next change has been told and acknowledged. */
  get settled(): boolean {
    return this.#at === this.#events.length || this.change !== undefined
  }

  /** The change that the recording stands at happens. */
  next(): void {
    assert.ok(this.settled)
    this.#at++
    this.#run()
  }

  #run(): void {
    for (let event = this.#events[this.#at]; event && event.change === undefined; event = this.#events[++this.#at]) {
      if (event.response) this.#istiod.write(readFileSync(join(this.#folder, event.file!)))
      else if (!this.#wasSaid(event)) return
    }
  }

  /** The recorder asked for the endpoints of every cluster, also of those that EDS has none of. */
  #wasSaid({ request, subscribe = [], ack }: Event): boolean {
    const { requests } = this.#istiod
    if (ack !== undefined) return requests.some(({ nonce, refusal }) => nonce === ack && refusal === '')
    return requests.some(
      asked =>
        asked.type === request &&
        asked.nonce === '' &&
        asked.subscribe.every(name => subscribe.includes(name)) &&
        asked.subscribe.length > 0 === subscribe.length > 0,
    )
  }
}
