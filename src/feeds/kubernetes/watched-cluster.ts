import { setImmediate } from 'node:timers/promises'
import type { Logger } from '../../log.ts'
import type { Details } from './columns.ts'
import type { RequestObserver } from './connection.ts'
import type { Listener } from './held.ts'
import type { ClusterObject, KindName } from './objects.ts'
import type { Watch } from './watch.ts'

/** Objects replayed to a new listener in one go; queries get their turn in between. */
const SLICE = 200

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

  /** What is still waited for before everything of these kinds is known; undefined when it is. */
  abstract waiting(names: Iterable<KindName>): string | undefined

  abstract close(): void

  /** Fulfilled when what is waited for may have changed. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  protected change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** Fulfilled when everything of these kinds is known. */
  async synced(names: readonly KindName[]): Promise<void> {
    while (this.waiting(names) !== undefined) await this.changed
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
