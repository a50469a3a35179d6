import type { HostIndex, HostObject } from '#src/feeds/cluster-index/host-index.ts'
import type { OpenIndex } from '#src/feeds/cluster-index/open-indexes.ts'
import { untilKnown } from '#src/feeds/cluster-index/startup.ts'
import type { KindName } from '#src/feeds/kubernetes/objects.ts'
import type { Watch } from '#src/feeds/kubernetes/watch.ts'
import type { Logger, ServerBlock } from '#src/plugin.ts'
import type { Options, Resource } from './options.ts'

const LISTENING = ['Gateway', 'ListenerSet'] as const

/** What has the hosts of each resource. */
const KINDS: Readonly<Record<Resource, readonly KindName[]>> = {
  Ingress: ['Ingress'],
  Service: ['Service'],
  HTTPRoute: ['HTTPRoute', ...LISTENING],
  TLSRoute: ['TLSRoute', ...LISTENING],
  GRPCRoute: ['GRPCRoute', ...LISTENING],
  VirtualService: ['VirtualService', 'IstioGateway'],
  DNSEndpoint: ['DNSEndpoint'],
  Node: ['Node'],
}

/** The objects of the cluster, and again, for each selector, those of its Services that fit. */
export class Clusters {
  /** Those that are in use. */
  static readonly opened = new Set<Clusters>()
  /** Where the API server is, as people write it. */
  readonly name: string
  readonly #all: OpenIndex
  readonly #selected: readonly OpenIndex[]
  /** What has hosts, other than the selected Services. */
  readonly #named: readonly KindName[]
  /** The kinds that are watched, but for endpoints. */
  readonly #kinds: readonly KindName[]

  private constructor(name: string, all: OpenIndex, selected: readonly OpenIndex[], resources: readonly Resource[]) {
    this.name = name
    this.#all = all
    this.#selected = selected
    const named = resources.filter(resource => resource !== 'Service' || selected.length === 0)
    this.#named = [...new Set(named.flatMap(resource => KINDS[resource]))]
    // Istio's gateways are reached at Services.
    this.#kinds = resources.includes('VirtualService') ? [...new Set([...this.#named, 'Service' as const])] : this.#named
    all.cluster.need(this, this.#kinds)
    for (const { cluster } of selected) cluster.need(this, ['Service'])
    for (const { index } of this.#withServices) {
      index.hosts.onEndpoints.add(this.#needEndpoints)
      if (index.hosts.needsEndpoints) this.#needEndpoints()
    }
  }

  /** Begins to watch. Fulfilled when everything is known, or when that has taken too long. */
  static async open(options: Options, { root }: ServerBlock, log: Logger, signal: AbortSignal): Promise<Clusters> {
    // HTTP/2 and all that reads objects take 10 MB, for those that watch a cluster.
    const { openIndex } = await import('#src/feeds/cluster-index/open-indexes.ts')
    const { resources, serviceSelectors } = options
    const source = options.source(root)
    const all = await openIndex(source, { labels: '', namespaceLabels: '' }, log)
    const selectors = resources.includes('Service') ? serviceSelectors : []
    const selected = await Promise.all(selectors.map(labels => openIndex(source, { labels, namespaceLabels: '' }, log)))
    const clusters = new Clusters(source.name, all, selected, resources)
    Clusters.opened.add(clusters)
    await Promise.all([all, ...selected].map(({ filled }) => filled))
    await untilKnown(() => clusters.waiting(), clusters.#synced(), options.startupTimeout, log, signal)
    return clusters
  }

  /** What is still waited for before everything is known; undefined when it is. */
  waiting(): string | undefined {
    for (const { cluster } of this.#selected) {
      const waiting = cluster.waiting(['Service'])
      if (waiting !== undefined) return waiting
    }
    return this.#all.cluster.waiting(this.#allKinds)
  }

  /** All that has exactly this host. */
  at(host: string): readonly HostObject[] {
    if (this.#selected.length === 0) return this.#all.index.hosts.of(host)
    const others = this.#all.index.hosts.of(host).filter(({ kind }) => kind !== 'Service')
    return [...others, ...this.#selected.flatMap(({ index }) => index.hosts.of(host))]
  }

  /** Whether there are hosts below this name. @param bare the key of its labels before the zone */
  isAbove(key: string, bare: string): boolean {
    const selected = this.#selected.some(({ index }) => index.hosts.isAbove(['Service'], key, bare))
    return selected || this.hosts.isAbove(this.#named, key, bare)
  }

  /** Where gateways are found. */
  get hosts(): HostIndex {
    return this.#all.index.hosts
  }

  /** Another one after every change. */
  get version(): number {
    return this.#selected.reduce((sum, { index }) => sum + index.hosts.version, this.hosts.version)
  }

  /** When it changed last, by the clock in seconds. */
  get modified(): number {
    return this.#selected.reduce((latest, { index }) => Math.max(latest, index.hosts.modified), this.hosts.modified)
  }

  /** The slices with the endpoints of a Service. */
  slicesOf(namespace: string, name: string) {
    return this.#all.index.services.find(namespace, name)?.slices ?? []
  }

  /** All that it is made of, where this thread watches it. */
  get watches(): Watch[] {
    const kinds = this.#allKinds
    return [
      ...Array.from(this.#all.cluster.watches).filter(({ kind }) => kinds.includes(kind.name)),
      ...this.#selected.flatMap(({ cluster }) => [...cluster.watches]),
    ]
  }

  async close(): Promise<void> {
    Clusters.opened.delete(this)
    const { closeIndex } = await import('#src/feeds/cluster-index/open-indexes.ts')
    for (const { index } of this.#withServices) index.hosts.onEndpoints.delete(this.#needEndpoints)
    for (const opened of [this.#all, ...this.#selected]) closeIndex(opened, this)
  }

  readonly #needEndpoints = (): void => this.#all.cluster.need(this, ['EndpointSlice'])

  get #withServices(): readonly OpenIndex[] {
    return this.#selected.length > 0 ? this.#selected : [this.#all]
  }

  /** Endpoints are watched as soon as a Service is to be reached there. */
  get #allKinds(): readonly KindName[] {
    const byEndpoints = this.#withServices.some(({ index }) => index.hosts.needsEndpoints)
    return byEndpoints ? [...this.#kinds, 'EndpointSlice'] : this.#kinds
  }

  async #synced(): Promise<void> {
    while (this.waiting() !== undefined) await Promise.race([this.#all, ...this.#selected].map(({ cluster }) => cluster.changed))
  }
}
