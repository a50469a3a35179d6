import type { MessagePort } from 'node:worker_threads'
import type { Logger } from '../../log.ts'
import { Outbox } from '../outbox.ts'
import { clusters } from './clusters.ts'
import type { Listener } from './held.ts'
import type { ClusterObject, KindName } from './objects.ts'
import type { Watch } from './watch.ts'
import { type State, WatchedCluster } from './watched-cluster.ts'

/** What the main thread posts to one that follows a cluster. */
interface Report {
  readonly changes: readonly (readonly [id: string, object: ClusterObject | undefined])[]
  /** Of each kind that is watched, as far as it has been told. */
  readonly states: readonly (readonly [kind: KindName, state: State])[]
}

/** A cluster that the main thread watches, as seen from another thread. Delays of changes are measured in the main thread only. */
export class FollowedCluster extends WatchedCluster {
  onRequest = (): void => {}
  readonly watches = []
  readonly #port: MessagePort
  protected readonly objects = new Map<string, ClusterObject>()
  #states: ReadonlyMap<KindName, State> = new Map()

  constructor(port: MessagePort, log: Logger) {
    super(log)
    this.#port = port
    port.on('message', (report: Report) => this.#take(report))
  }

  /** The main thread runs the same Corefile: it needs the same. */
  need(): void {}

  release(): void {}

  protected stateOf(name: KindName): State | undefined {
    return this.#states.get(name)
  }

  close(): void {
    this.#port.close()
  }

  #take({ changes, states }: Report): void {
    for (const [id, object] of changes) {
      const previous = this.objects.get(id)
      // It has come and gone before it was told of.
      if (!object && !previous) continue
      if (object) this.objects.set(id, object)
      else this.objects.delete(id)
      for (const listener of this.listeners) listener.change(id, object, previous, undefined)
    }
    for (const listener of this.listeners) listener.flush()
    this.#states = new Map(states)
    this.change()
    // Queries get their turn before the next report.
    setImmediate(() => this.#port.postMessage('taken'))
  }
}

/** In the main thread: tells a {@link FollowedCluster} at the other end of `port` what becomes of a cluster, until it is closed. */
export async function relayCluster(key: string, port: MessagePort, closed: AbortSignal): Promise<void> {
  const cluster = await clusters.join(key, closed)
  /** What the next reports will hold: the latest version of each object. */
  const changes = new Map<string, ClusterObject | undefined>()
  /** What everything was read with when all of it had been told last. */
  let read = new Map<Watch, State['read']>()
  const outbox = new Outbox<Report>(port, most => {
    const ids = changes.keys().take(most).toArray()
    const told = ids.map(id => [id, changes.get(id)] as const)
    for (const id of ids) changes.delete(id)
    const more = changes.size > 0
    if (!more) read = new Map(Array.from(cluster.watches, watch => [watch, watch.read]))
    const states = Array.from(
      cluster.watches,
      watch => [watch.kind.name, { read: read.get(watch), missing: watch.missing }] as const,
    )
    return { report: { changes: told, states }, more }
  })
  const listener: Listener = {
    change: (id, object) => void changes.set(id, object),
    flush: () => outbox.flush(),
  }
  const leave = () => {
    cluster.leave(listener)
    void clusters.leave(cluster)
  }
  if (closed.aborted) return leave()
  closed.addEventListener('abort', leave)
  await cluster.join(listener)
  while (!closed.aborted) {
    await cluster.changed
    outbox.flush()
  }
}
