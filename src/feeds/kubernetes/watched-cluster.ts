import { setImmediate } from 'node:timers/promises'
import type { Logger } from '../../log.ts'
import type { Details } from './columns.ts'
import type { RequestObserver } from './connection.ts'
import type { Listener } from './held.ts'
import type { ClusterObject, KindName } from './objects.ts'
import type { Watch } from './watch.ts'

/** Objects replayed to a new listener in one go; queries get their turn in between. */
const SLICE = 200

const DETAILS = ['pods', 'zones', 'workloads'] as const

/** How much is known of a kind that is watched. */
export interface State {
  /** What everything was read with; undefined before that. */
  readonly read: Partial<Details> | undefined
  /** Why there is not more. */
  readonly missing: string
}

/** The objects of one cluster, wherever they are watched. What is known stays known while its API server is lost. */
export abstract class WatchedCluster {
  log: Logger
  /** Told of every request that is made from here. */
  abstract onRequest: RequestObserver
  /** What is known of each kind that is watched from here. */
  abstract readonly watches: Iterable<Watch>
  /** All that is known. */
  protected abstract readonly objects: Iterable<readonly [id: string, object: ClusterObject]>
  protected readonly listeners = new Set<Listener>()
  #changed = Promise.withResolvers<void>()

  constructor(log: Logger) {
    this.log = log
  }

  /** These kinds are watched from now on, with at least these details, as long as `user` needs them. */
  abstract need(user: object, names: Iterable<KindName>, details?: Partial<Details>): void

  /** `user` needs nothing any more. */
  abstract release(user: object): void

  /** How much is known of a kind; undefined where it is not watched. */
  protected abstract stateOf(name: KindName): State | undefined

  /** What is still waited for before everything of these kinds is known, with at least these details; undefined when it is. */
  waiting(names: Iterable<KindName>, details: Partial<Details> = {}): string | undefined {
    for (const name of names) {
      const state = this.stateOf(name)
      const read = state?.read
      if (!read || DETAILS.some(detail => details[detail] && read[detail] === false))
        return state?.missing ?? `${name}: not watched yet`
    }
    return undefined
  }

  abstract close(): void

  /** Fulfilled when what is waited for may have changed. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  protected change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** Fulfilled when everything of these kinds is known, with at least these details. */
  async synced(names: readonly KindName[], details: Partial<Details> = {}): Promise<void> {
    while (this.waiting(names, details) !== undefined) await this.changed
  }

  /** Tells `listener` of all objects, then of every change, until it leaves. An object may be told of twice. */
  async join(listener: Listener): Promise<void> {
    this.listeners.add(listener)
    let told = 0
    for (const [id, object] of this.objects) {
      if (!this.listeners.has(listener)) return
      listener.change(id, object, undefined, undefined)
      if (++told % SLICE > 0) continue
      listener.flush()
      await setImmediate()
    }
    listener.flush()
  }

  leave(listener: Listener): void {
    this.listeners.delete(listener)
  }
}
