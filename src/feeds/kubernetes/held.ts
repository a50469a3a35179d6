import { setImmediate } from 'node:timers/promises'
import type { Item } from './item.ts'
import type { Kind } from './kind.ts'
import type { ClusterObject } from './objects.ts'

/** By which a slice says when the change came about that it was written for. */
const TRIGGER = 'endpoints.kubernetes.io/last-change-trigger-time'

/** Objects that go in one turn of the event loop. */
const SLICE = 200

/** Told of what becomes of objects. */
export interface Listener {
  /** @param trigger when what led to the change happened, by the clock in milliseconds, where the object says so and has just changed */
  change(id: string, object: ClusterObject | undefined, previous: ClusterObject | undefined, trigger: number | undefined): void
  /** What has come together has been told. */
  flush(): void
}

/**
 * The objects of one kind as the server told of them last. While it lists them all, what it has told stays until the list is whole:
 * only then does what was not in it go.
 */
export class Held {
  readonly objects = new Map<string, ClusterObject>()
  /** Objects and events that were not accepted, or only in part. */
  rejected = 0
  #kind: Kind
  readonly #listeners: Iterable<Listener>
  readonly #complain: (problem: string) => void
  /** Whether a list has begun and not ended, and the ids that are in it so far where others may be held. */
  #listing = false
  #listed: Set<string> | undefined
  #cleared = false
  /** What is held was read as another `kind` said. */
  #stale = false

  constructor(kind: Kind, listeners: Iterable<Listener>, complain: (problem: string) => void) {
    this.#kind = kind
    this.#listeners = listeners
    this.#complain = complain
  }

  /** How objects are read from the next list on. */
  reread(kind: Kind): void {
    this.#kind = kind
    this.#stale = true
  }

  /** A list of everything begins; one that had begun has broken off. */
  beginList(): void {
    this.#listing = true
    this.#listed = this.objects.size > 0 ? new Set() : undefined
  }

  /** The list is at its end. @param whole whether everything in it could be read */
  endList(whole: boolean): void {
    const listed = this.#listed
    this.#listing = false
    this.#listed = undefined
    this.#stale = false
    if (listed && whole) for (const id of this.objects.keys()) if (!listed.has(id)) this.#set(id, undefined, undefined)
    this.flush()
  }

  put(item: Item): void {
    if (this.#cleared) return
    const id = this.#idOf(item)
    this.#listed?.add(id)
    const previous = this.objects.get(id)
    if (item.version !== '' && previous?.version === item.version && !this.#stale) return
    let faults = 0
    const skip = (problem: Error): void => {
      if (faults++ === 0) this.reject(`${id}: ${problem.message}`)
    }
    try {
      if (item.name === '') throw new Error('an object without a name')
      this.#set(id, item.read(this.#kind, skip), this.#listing ? undefined : item)
    } catch (error) {
      // What it said before stays.
      skip(error as Error)
    }
  }

  delete(item: Item): void {
    this.#set(this.#idOf(item), undefined, undefined)
  }

  /** Everything goes, with turns of the event loop in between, and nothing comes any more. */
  async clear(): Promise<void> {
    this.#cleared = true
    let gone = 0
    for (const id of this.objects.keys()) {
      this.#set(id, undefined, undefined)
      if (++gone % SLICE > 0) continue
      this.flush()
      await setImmediate()
    }
    this.flush()
  }

  /** What has come together has been told. */
  flush(): void {
    for (const listener of this.#listeners) listener.flush()
  }

  reject(problem: string): void {
    this.rejected++
    this.#complain(problem)
  }

  #set(id: string, object: ClusterObject | undefined, live: Item | undefined): void {
    const previous = this.objects.get(id)
    if (object) this.objects.set(id, object)
    else if (!this.objects.delete(id)) return
    const trigger = live && object?.kind === 'EndpointSlice' ? triggerOf(live) : undefined
    for (const listener of this.#listeners) listener.change(id, object, previous, trigger)
  }

  #idOf({ namespace, name }: Item): string {
    return `${this.#kind.name} ${namespace === '' ? name : namespace}/${name}`
  }
}

function triggerOf(item: Item): number | undefined {
  const { value } = item.metadata().at('annotations', TRIGGER)
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
