import { setImmediate, setTimeout } from 'node:timers/promises'
import { secondsSince } from '../../dns/epoch.ts'
import type { Logger } from '../../log.ts'
import type { Feed, Source } from '../feed.ts'
import { Join } from '../objects/join.ts'
import type { MeshObject } from '../objects/mesh-objects.ts'
import { Records } from '../records.ts'
import { clusters } from './clusters.ts'
import type { Details } from './columns.ts'
import type { Listener } from './held.ts'
import type { ClusterObject, KindName } from './objects.ts'
import type { Watch } from './watch.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Changes that are made of objects at a time. */
const MAX_CHANGES = 100
/** Milliseconds that the first hosts wait for the rest of what they are made of. */
const PATIENCE = 1000

/** What hosts are made of. */
const KINDS: readonly KindName[] = ['Namespace', 'Service', 'EndpointSlice', 'ServiceEntry', 'WorkloadEntry']
/** Pods are watched as soon as a ServiceEntry selects some, or it matters who asks. */
const WITH_PODS: readonly KindName[] = [...KINDS, 'Pod']
/** What ServiceEntries select them by. */
const WORKLOADS: Partial<Details> = { workloads: true }

/** Others are watched for other users of the cluster. */
const OF_MESH: ReadonlySet<KindName> = new Set(WITH_PODS)

/** The hosts of a cluster: its objects put together, and told as a feed of the mesh tells them. */
export class ClusterFeed extends Records implements Feed, Listener {
  readonly source: Source
  complete = false
  readonly completed: Promise<void>
  onDelay: (seconds: number) => void = () => {}
  readonly #cluster: WatchedCluster
  readonly #join = new Join(this.records)
  #kinds = KINDS
  #details: Partial<Details> = {}
  /** Whether hosts are made of objects. */
  #begun = false
  /** When that came about which is not told yet, by the clock in milliseconds. */
  readonly #triggers: number[] = []
  /** Set while there are more hosts to make than one pass makes. */
  #later: Promise<void> | undefined

  /** @param cluster one that was opened for this feed alone */
  constructor(source: Source, cluster: WatchedCluster) {
    super()
    this.source = source
    this.#cluster = cluster
    cluster.need(this, KINDS)
    this.completed = this.#begin()
  }

  async #begin(): Promise<void> {
    await this.#cluster.join(this)
    const whole = this.#untilSynced()
    await Promise.race([whole, setTimeout(PATIENCE, undefined, { ref: false })])
    this.#begun = true
    this.flush()
    await whole
    while (this.#later) await this.#later
    this.complete = true
  }

  /** What is known may come to ask for more kinds. */
  async #untilSynced(): Promise<void> {
    while (this.waiting !== '') await this.#cluster.synced(this.#kinds, this.#details)
  }

  get log(): Logger {
    return this.#cluster.log
  }

  set log(log: Logger) {
    this.#cluster.log = log
  }

  get waiting(): string {
    return this.#cluster.waiting(this.#kinds, this.#details) ?? ''
  }

  /** Others may watch more of the cluster. */
  get #watches(): Watch[] {
    return [...this.#cluster.watches].filter(({ kind }) => this.#kinds.includes(kind.name))
  }

  get current(): number | undefined {
    const heard = Array.from(this.#watches, watch => watch.heard)
    const least = Math.min(...heard)
    return Number.isFinite(least) ? least : undefined
  }

  get objects(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#watches, ({ kind, held }) => [kind.name, held.objects.size]))
  }

  get rejected(): number {
    return Array.from(this.#watches, ({ held }) => held.rejected).reduce((sum, count) => sum + count, 0)
  }

  async close(): Promise<void> {
    this.#cluster.leave(this)
    this.#cluster.release(this)
    await clusters.leave(this.#cluster)
  }

  change(id: string, object: ClusterObject | undefined, previous: ClusterObject | undefined, trigger?: number): void {
    if (!OF_MESH.has((object ?? previous)!.kind)) return
    this.#join.put(id, object as MeshObject | undefined, previous as MeshObject | undefined)
    if (trigger !== undefined) this.#triggers.push(trigger)
    if (object?.kind === 'ServiceEntry' && object.selector && this.#details !== WORKLOADS) this.#needPods(WORKLOADS)
    if (this.#join.restricted && this.#kinds !== WITH_PODS) this.#needPods()
  }

  tellClients(): void {
    this.#join.tellClients()
    if (this.#kinds !== WITH_PODS) this.#needPods()
    if (this.#join.changed) this.#flushLater()
  }

  flush(): void {
    // At first Services and their endpoints come one by one: each host is made when they are together.
    const changes = this.#begun ? this.#join.take(MAX_CHANGES) : this.#join.takeTogether(MAX_CHANGES)
    for (const [id, record] of changes) this.tell(id, record)
    if (!this.#begun) return
    if (this.#join.changed) this.#flushLater()
    else for (const trigger of this.#triggers.splice(0)) this.onDelay(secondsSince(trigger))
  }

  #flushLater(): void {
    this.#later ??= setImmediate().then(() => {
      this.#later = undefined
      this.flush()
    })
  }

  #needPods(details = this.#details): void {
    this.#kinds = WITH_PODS
    this.#details = details
    this.#cluster.need(this, ['Pod'], details)
  }
}
