import type { Logger } from '../../log.ts'
import { Complaints } from '../complaints.ts'
import type { AccessSource } from './access.ts'
import type { Details } from './columns.ts'
import { Connection, type RequestObserver } from './connection.ts'
import { Held } from './held.ts'
import { versionOf } from './kind.ts'
import { kindsOf, type Selectors } from './kinds.ts'
import type { ClusterObject, KindName } from './objects.ts'
import { TIMING, type Timing } from './timing.ts'
import { Watch } from './watch.ts'
import { type State, WatchedCluster } from './watched-cluster.ts'

/** The objects of one cluster, as its API server reports them. */
export class Cluster extends WatchedCluster {
  readonly name: string
  readonly #selectors: Selectors
  readonly #connection: Connection
  readonly #timing: Timing
  readonly #watches = new Map<KindName, Watch>()
  readonly #needs = new Map<object, ReadonlySet<KindName>>()
  /** What was held of kinds that are watched no more, and is going. */
  readonly #going = new Map<KindName, Promise<void>>()
  readonly #complaints = new Complaints(line => this.log.warn(`${this.name}: ${line}`))
  #details: Details = { pods: false, zones: false, workloads: false }
  #troubled = false

  constructor(source: AccessSource, selectors: Selectors, log: Logger, timing: Timing = TIMING) {
    super(log)
    this.name = source.name
    this.#selectors = selectors
    this.#connection = new Connection(source, timing.silence)
    this.#timing = timing
  }

  get onRequest(): RequestObserver {
    return this.#connection.onRequest
  }

  set onRequest(observer: RequestObserver) {
    this.#connection.onRequest = observer
  }

  need(user: object, names: Iterable<KindName>, details: Partial<Details> = {}): void {
    const needed = new Set(names)
    this.#needs.set(user, needed.union(this.#needs.get(user) ?? new Set()))
    const { pods, zones, workloads } = this.#details
    this.#details = {
      pods: pods || details.pods === true,
      zones: zones || details.zones === true,
      workloads: workloads || details.workloads === true,
    }
    const wider: KindName[] = []
    if (pods !== this.#details.pods || zones !== this.#details.zones) wider.push('EndpointSlice', 'ImportedSlice')
    if (workloads !== this.#details.workloads) wider.push('Pod')
    const kinds = kindsOf(this.#selectors, this.#details)
    for (const name of wider) this.#watches.get(name)?.reread(kinds.get(name)!)
    for (const name of needed) {
      if (this.#watches.has(name)) continue
      const kind = kinds.get(name)!
      const held = new Held(kind, this.listeners, problem => this.#complaints.add(problem))
      const watch = new Watch(kind, held, this.#connection, this.#timing, () => this.#onState(watch))
      this.#watches.set(name, watch)
      void this.#gone(name).then(() => watch.run())
    }
  }

  release(user: object): void {
    this.#needs.delete(user)
    for (const [name, watch] of this.#watches) {
      if (this.#needs.values().some(needed => needed.has(name))) continue
      watch.stop()
      this.#watches.delete(name)
      const cleared = watch.held.clear()
      const gone = this.#gone(name).then(() => cleared)
      this.#going.set(name, gone)
    }
    if (this.#watches.size > 0) this.#mend()
    this.change()
  }

  /** Fulfilled when nothing is held of a kind that was watched before. */
  #gone(name: KindName): Promise<void> {
    return this.#going.get(name) ?? Promise.resolve()
  }

  get watches(): Iterable<Watch> {
    return this.#watches.values()
  }

  protected stateOf(name: KindName): State | undefined {
    return this.#watches.get(name)
  }

  protected get objects(): Iterable<readonly [id: string, object: ClusterObject]> {
    return this.#watches.values().flatMap(({ held }) => held.objects)
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.stop()
    this.#connection.close()
    this.#complaints.end()
  }

  #onState(changed: Watch): void {
    const { trouble, absent, kind } = changed
    if (absent)
      this.log.info(`${this.name}: ${kind.resource}: there is no version ${versionOf(kind)} of these; until there is, none count`)
    const watches = [...this.#watches.values()]
    if (trouble !== '') {
      // A trouble that stops the watches of all kinds is logged once.
      if (watches.every(watch => watch === changed || watch.trouble !== trouble))
        this.#complaints.add(`${kind.resource}: ${trouble}${changed.read ? '; what is known stays' : ''}`)
      this.#troubled = true
    } else {
      for (const watch of watches) watch.retry()
      this.#mend()
    }
    this.change()
  }

  #mend(): void {
    if (!this.#troubled || this.#watches.values().some(({ trouble }) => trouble !== '')) return
    this.#troubled = false
    this.log.info(`${this.name}: everything is watched again`)
  }
}
