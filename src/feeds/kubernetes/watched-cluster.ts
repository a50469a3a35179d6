import { setImmediate } from 'node:timers/promises'
import type { Logger } from '../../log.ts'
import type { Details } from './columns.ts'
import type { RequestObserver } from './connection.ts'
import type { Listener } from './held.ts'
import type { ClusterObject, KindName } from './objects.ts'
import type { Watch } from './watch.ts'

/** Objects replayed to a new listener in one go; queries get their turn in between. */
const SLICE = 200

/** The objects of one cluster. What is known stays known while its API server is lost. */
export interface WatchedCluster {
  log: Logger
  /** Told of every request that is made from here. */
  onRequest: RequestObserver
  /** These kinds are watched from now on, with at least these details. */
  need(names: Iterable<KindName>, details?: Partial<Details>): void
  /** What is known of each kind that is watched from here. */
  readonly watches: Iterable<Watch>
  /** What is still waited for before everything of these kinds is known; undefined when it is. */
  waiting(names: Iterable<KindName>): string | undefined
  /** Fulfilled when that may have changed. */
  readonly changed: Promise<void>
  /** Fulfilled when everything of these kinds is known. */
  synced(names: readonly KindName[]): Promise<void>
  /** Tells `listener` of all objects, then of every change, until it leaves. An object may be told of twice. */
  join(listener: Listener): Promise<void>
  leave(listener: Listener): void
  close(): void
}

export async function untilSynced(
  cluster: Pick<WatchedCluster, 'waiting' | 'changed'>,
  names: readonly KindName[],
): Promise<void> {
  while (cluster.waiting(names) !== undefined) await cluster.changed
}

/** Tells `listener` of objects, as long as it is one. */
export async function replay(
  objects: Iterable<readonly [id: string, object: ClusterObject]>,
  listener: Listener,
  listeners: ReadonlySet<Listener>,
): Promise<void> {
  let told = 0
  for (const [id, object] of objects) {
    if (!listeners.has(listener)) return
    listener.change(id, object, undefined, undefined)
    if (++told % SLICE > 0) continue
    listener.flush()
    await setImmediate()
  }
  listener.flush()
}
