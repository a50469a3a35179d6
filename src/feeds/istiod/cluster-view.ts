import type { Change } from '../report.ts'
import type { Access } from './access.ts'
import { type Addresses, type Assignment, readAssignment } from './assignment.ts'
import { type Cluster, readCluster } from './cluster.ts'
import { clusterRecord, type Known } from './cluster-record.ts'
import { domainOfService } from './host-name.ts'
import { type NameInfo, type NameTable, readNameTable } from './name-table.ts'
import { splitOctets } from './octets.ts'
import type { Request } from './request.ts'
import { Resources } from './resources.ts'
import type { TypeName } from './types.ts'
import type { View } from './view.ts'

/** Octets of names in one request: istiod takes 4 MiB. */
const MAX_NAMES = 1.5 * (1 << 20)

const EMPTY: NameTable = new Map()

/** What a sidecar is told: hosts with their virtual addresses (NDS), their ports (CDS), and the endpoints of each port (EDS). */
export class ClusterView implements View {
  readonly node = 'sidecar'
  readonly types: ReadonlyMap<TypeName, Resources<NameTable> | Resources<Cluster> | Resources<Assignment>>
  readonly #tables: Resources<NameTable>
  readonly #clusters: Resources<Cluster>
  readonly #assignments: Resources<Assignment>
  /** Names of clusters, by host. */
  readonly #ports = new Map<string, Set<string>>()
  /** Hostnames of pods by address, by the host of their headless Service. */
  #pods: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map()
  /** Of Services, as istiod has it. */
  #domain = 'cluster.local'
  /** Names whose assignments this stream was asked for. */
  readonly #subscribed = new Set<string>()
  /** Those of which nothing was ever told. */
  readonly #awaited = new Set<string>()
  hint: string | undefined
  #hinted: boolean
  /** Types that have come, ever, and in this stream. */
  readonly #known = new Set<TypeName>()
  readonly #fresh = new Set<TypeName>()
  /** Hosts whose records are to be made anew. */
  readonly #touched = new Set<string>()
  /** Those without a port from now on. The names that tell whether they are gone as a whole come after the ports. */
  readonly #bare = new Set<string>()
  /** Those whose name stands for something else, such as the ServiceEntry of another namespace: istiod does not push its endpoints. */
  readonly #replaced = new Set<string>()

  constructor({ apart, clusterId, network }: Access) {
    // Whoever says where it is knows that there are others.
    this.#hinted = network !== undefined
    this.#tables = new Resources<NameTable>({
      read: (_name, _version, value, skip) => readNameTable(value, skip),
      isSame: () => false,
      change: (_name, table = EMPTY, previous = EMPTY) => this.#changeTable(table, previous),
    })
    this.#clusters = new Resources<Cluster>({
      read: (name, _version, value, skip) => readCluster(name, value, skip),
      isSame: (a, b) =>
        a.kind === b.kind && a.assigned === b.assigned && a.passthrough === b.passthrough && isSameAssignment(a.listed, b.listed),
      change: (name, cluster, previous) => this.#changeCluster(name, cluster, previous),
    })
    this.#assignments = new Resources<Assignment>({
      read: (name, _version, value, skip) => {
        const cluster = this.#clusters.get(name)
        if (!cluster) return undefined
        const selected = cluster.passthrough && !this.#serviceOf(cluster.host)
        return readAssignment(value, { selected, apart: apart ? clusterId : undefined }, skip)
      },
      isSame: isSameAssignment,
      change: (name, assignment) => {
        if (assignment?.gateways) this.#hintAtNetworks()
        this.#awaited.delete(name)
        this.#touch(this.#clusters.get(name)?.host)
      },
    })
    this.types = new Map<TypeName, Resources<NameTable> | Resources<Cluster> | Resources<Assignment>>([
      ['NDS', this.#tables],
      ['CDS', this.#clusters],
      ['EDS', this.#assignments],
    ])
  }

  begin(): readonly Request[] {
    this.#subscribed.clear()
    this.#fresh.clear()
    return [{ type: 'NDS' }, { type: 'CDS' }]
  }

  isComplete(type: TypeName): boolean {
    return type !== 'EDS'
  }

  applied(type: TypeName): readonly Request[] {
    if (type === 'NDS' || (type === 'CDS' && !this.#fresh.has(type))) this.#settle()
    this.#known.add(type)
    this.#fresh.add(type)
    if (type === 'EDS' || !this.#fresh.has('NDS') || !this.#fresh.has('CDS')) return []
    return [...this.#unsubscribe(), ...this.#subscribe(), ...this.#askForNames()]
  }

  /** Gives up what is no cluster with endpoints any more, and what is to be asked for again. */
  *#unsubscribe(): Iterable<Request> {
    const names = [...this.#subscribed].filter(name => {
      const cluster = this.#clusters.get(name)
      if (!cluster?.assigned) return true
      // The names of a headless Service are its endpoints, which are pushed.
      return this.#replaced.has(cluster.host) && !(cluster.passthrough && this.#serviceOf(cluster.host))
    })
    this.#replaced.clear()
    for (const name of names) this.#subscribed.delete(name)
    for (const chunk of chunksOf(names)) yield { type: 'EDS', unsubscribe: chunk }
  }

  *#subscribe(): Iterable<Request> {
    const names: string[] = []
    for (const [name, { assigned }] of this.#clusters.entries()) if (assigned && !this.#subscribed.has(name)) names.push(name)
    for (const name of names) {
      this.#subscribed.add(name)
      if (!this.#assignments.get(name)) this.#awaited.add(name)
    }
    for (const chunk of chunksOf(names)) yield { type: 'EDS', subscribe: chunk }
  }

  /** Names come with ports that go, unless it is an EnvoyFilter, say, that takes them away. */
  *#askForNames(): Iterable<Request> {
    const isMissing = () => this.#bare.size > 0
    if (isMissing()) yield { type: 'NDS', subscribe: ['*'], isMissing }
  }

  get waiting(): string | undefined {
    for (const type of ['NDS', 'CDS'] as const) if (!this.#known.has(type)) return `${type}: nothing has come yet`
    return this.#awaited.size > 0
      ? `EDS: ${this.#awaited.size} of ${this.#subscribed.size} clusters have not come yet`
      : undefined
  }

  get current(): boolean {
    return this.#fresh.has('NDS') && this.#fresh.has('CDS') && (this.#fresh.has('EDS') || this.#subscribed.size === 0)
  }

  get changed(): boolean {
    // What one type says of a host is not told without the other, which a new stream may bring later.
    return this.#touched.size > 0 && this.#fresh.has('NDS') && this.#fresh.has('CDS')
  }

  take(most: number): Change[] {
    const changes: Change[] = []
    for (const host of this.#touched) {
      this.#touched.delete(host)
      if (this.#bare.has(host)) continue
      const names = [...(this.#ports.get(host) ?? [])]
      // A port whose endpoints are still to come touches the host again when they do.
      if (names.some(name => this.#awaited.has(name))) continue
      const info = this.#table.get(host)
      const clusters = names.map(name => this.#clusters.get(name)!)
      const known: Known = {
        host,
        service: this.#serviceOf(host),
        info,
        clusters,
        assignments: names.map(name => this.#clusters.get(name)!.listed ?? this.#assignments.get(name)),
        pods: this.#pods.get(host),
      }
      // istiod leaves a Service that has become an ExternalName its clusters, but not its virtual addresses.
      const isGone = !info && clusters.every(({ kind, passthrough }) => kind === 'Service' && !passthrough)
      changes.push([host, isGone ? undefined : clusterRecord(known)])
      if (changes.length >= most) break
    }
    return changes
  }

  get #table(): NameTable {
    return this.#tables.get('') ?? EMPTY
  }

  /** Name and namespace of the Service of Kubernetes that the host is. */
  #serviceOf(host: string): readonly [service: string, namespace: string] | undefined {
    const info = this.#table.get(host)
    const [first = ''] = this.#ports.get(host) ?? []
    if (!info && this.#clusters.get(first)?.kind === 'ServiceEntry') return undefined
    const [service, namespace] = info ? [info.shortname, info.namespace] : host.split('.', 2)
    if (!service || !namespace) return undefined
    return domainOfService(host, service, namespace) === this.#domain ? [service, namespace] : undefined
  }

  #hintAtNetworks(): void {
    if (!this.#hinted)
      this.hint =
        'gateways stand for endpoints of several networks, and are left out: network must name the one that this server is in'
    this.#hinted = true
  }

  /** The names are those of hosts that stay. */
  #settle(): void {
    for (const host of this.#bare) this.#touch(host)
    this.#bare.clear()
  }

  #touch(host: string | undefined): void {
    if (host !== undefined) this.#touched.add(host)
  }

  #changeTable(table: NameTable, previous: NameTable): void {
    const pods = new Map<string, Map<string, string>>()
    for (const [host, info] of table) {
      const parent = podParent(host, info)
      if (parent !== undefined) {
        const hostname = host.slice(0, host.indexOf('.'))
        const addresses = pods.get(parent) ?? new Map<string, string>()
        pods.set(parent, addresses)
        for (const address of addressesOf(info)) addresses.set(address, hostname)
      } else if (info.shortname !== '') {
        this.#domain = domainOfService(host, info.shortname, info.namespace) ?? this.#domain
      }
      const held = previous.get(host)
      if (isSameInfo(info, held)) continue
      this.#touch(parent ?? host)
      if (held) this.#replaced.add(host)
    }
    for (const [host, info] of previous) if (!table.has(host)) this.#touch(podParent(host, info) ?? host)
    this.#pods = pods
  }

  #changeCluster(name: string, cluster: Cluster | undefined, previous: Cluster | undefined): void {
    const { host } = (cluster ?? previous)!
    const names = this.#ports.get(host) ?? new Set()
    if (cluster) this.#ports.set(host, names.add(name))
    else if (names.delete(name) && names.size === 0) this.#ports.delete(host)
    if (cluster) this.#bare.delete(host)
    else if (!this.#ports.has(host)) this.#bare.add(host)
    this.#touch(host)
    if (cluster?.assigned) return
    this.#awaited.delete(name)
    this.#assignments.delete(name)
  }
}

/** The host of the headless Service that the entry names a pod of: `HOSTNAME.` stands before it. */
const podParent = (host: string, { shortname }: NameInfo): string | undefined =>
  shortname.includes('.') ? host.slice(host.indexOf('.') + 1) : undefined

function* addressesOf({ ipv4, ipv6 }: NameInfo): Iterable<string> {
  yield* splitOctets(ipv4, 4)
  yield* splitOctets(ipv6, 16)
}

const isSameInfo = (a: NameInfo, b: NameInfo | undefined): boolean =>
  a.ipv4 === b?.ipv4 && a.ipv6 === b.ipv6 && a.shortname === b.shortname && a.namespace === b.namespace

const isSameAssignment = (a: Assignment | undefined, b: Assignment | undefined): boolean =>
  isSameAddresses(a, b) &&
  isSameAddresses(a?.own, b?.own) &&
  a?.targets.join() === b?.targets.join() &&
  a?.gateways === b?.gateways

const isSameAddresses = (a: Addresses | undefined, b: Addresses | undefined): boolean =>
  a?.ipv4 === b?.ipv4 && a?.ipv6 === b?.ipv6

/** Names in portions that fit a request. */
function* chunksOf(names: readonly string[]): Iterable<string[]> {
  let [chunk, octets]: [string[], number] = [[], 0]
  for (const name of names) {
    if (octets + name.length > MAX_NAMES) {
      yield chunk
      chunk = []
      octets = 0
    }
    chunk.push(name)
    octets += name.length + 4
  }
  if (chunk.length > 0) yield chunk
}
