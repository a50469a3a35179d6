import { ASTERISK } from '../../dns/name.ts'
import { type HostRecord, isItself, type Target } from '../../registry/record.ts'
import { asOwn, type EndpointAddress, groupEndpoints } from '../groups.ts'
import type { Change } from '../report.ts'
import type { Access } from './access.ts'
import { splitOctets } from './octets.ts'
import type { Request } from './request.ts'
import { Resources } from './resources.ts'
import type { TypeName } from './types.ts'
import type { View } from './view.ts'
import { readAddress, type Scope, type Service, type Workload } from './workload.ts'

/** With more resources than this, what is held is not listed: istiod takes requests of 4 MiB. */
const MAX_VERSIONS = 30_000

/** Seen by its own namespace only. */
const HIDDEN = ['.']
const UNTOLD = { exportUntold: true } as const

type Address = Workload | Service

/** What WDS tells: every workload and every service, in one wildcard subscription. */
export class WorkloadView implements View {
  readonly node = 'ztunnel'
  readonly types: ReadonlyMap<TypeName, Resources<Address>>
  readonly #addresses: Resources<Address>
  /** By the name of the service's resource. */
  readonly #members = new Map<string, Workload[]>()
  /** Names of services whose records are to be made anew. */
  readonly #touched = new Set<string>()
  #scope: Scope
  #known = false
  /** Whether this stream has told anything. */
  current = false
  /** Whether the stream was told what is held. */
  #listed = false

  constructor({ network, apart, clusterId }: Access) {
    this.#scope = { network, apart: apart ? clusterId : undefined, interned: new Map() }
    this.#addresses = new Resources<Address>({
      read: (name, version, value) => readAddress(name, this.#isMany ? '' : version, value, this.#scope),
      isSame,
      change: (name, value, previous) => this.#change(name, value, previous),
    })
    this.types = new Map([['WDS', this.#addresses]])
  }

  /** Whether there are more than are listed for a new stream. */
  get #isMany(): boolean {
    return Math.max(this.#addresses.size, this.#addresses.incoming) > MAX_VERSIONS
  }

  begin(): readonly Request[] {
    this.current = false
    const held = [...this.#addresses.entries()]
    this.#listed = held.length > 0 && !this.#isMany && held.every(([, { version }]) => version !== '')
    return [{ type: 'WDS', ...(this.#listed && { versions: held.map(([name, { version }]) => [name, version] as const) }) }]
  }

  isComplete(): boolean {
    return !this.#listed
  }

  applied(): readonly Request[] {
    this.#known = this.current = true
    this.#scope = { ...this.#scope, interned: new Map() }
    return []
  }

  get waiting(): string | undefined {
    return this.#known ? undefined : 'WDS: nothing has come yet'
  }

  get changed(): boolean {
    return this.#touched.size > 0
  }

  take(most: number): Change[] {
    const changes: Change[] = []
    for (const name of this.#touched) {
      this.#touched.delete(name)
      const service = this.#addresses.get(name)
      changes.push([name, service?.kind === 'Service' ? recordOf(service, this.#members.get(name) ?? []) : undefined])
      if (changes.length >= most) break
    }
    return changes
  }

  #change(name: string, value: Address | undefined, previous: Address | undefined): void {
    if (previous?.kind === 'Workload') this.#unlink(previous)
    if (value?.kind === 'Workload') this.#link(value)
    if (value?.kind === 'Service' || previous?.kind === 'Service') this.#touched.add(name)
  }

  #link(workload: Workload): void {
    for (const name of workload.services) {
      const members = this.#members.get(name)
      if (members) members.push(workload)
      else this.#members.set(name, [workload])
      this.#touched.add(name)
    }
  }

  #unlink(workload: Workload): void {
    for (const name of workload.services) {
      const members = this.#members.get(name)
      members?.splice(members.indexOf(workload), 1)
      if (members?.length === 0) this.#members.delete(name)
      this.#touched.add(name)
    }
  }
}

const BOTH = [4, 16] as const

/** Whether `value` says what `held` says; then only its version counts. */
function isSame(held: Address, value: Address): boolean {
  const same = held.kind === 'Service' ? value.kind === 'Service' && isSameService(held, value) : isSameWorkload(held, value)
  if (same) held.version = value.version
  return same
}

const isSameService = (a: Service, b: Service): boolean =>
  a.host === b.host &&
  a.passthrough === b.passthrough &&
  a.headless === b.headless &&
  a.canonical === b.canonical &&
  a.hidden === b.hidden &&
  a.unready === b.unready &&
  a.vips.join() === b.vips.join() &&
  a.families.join() === b.families.join()

const isSameWorkload = (a: Workload, b: Address): boolean =>
  b.kind === 'Workload' &&
  a.healthy === b.healthy &&
  a.own === b.own &&
  a.ipv4 === b.ipv4 &&
  a.ipv6 === b.ipv6 &&
  a.target === b.target &&
  a.hostname === b.hostname &&
  a.services.join() === b.services.join()

function recordOf(service: Service, members: Iterable<Workload>): HostRecord {
  const [endpoints, own]: EndpointAddress[][] = [[], []]
  const targets: Target[] = []
  // Resolutions are not told, but NONE since Istio 1.28. istiod allocates addresses unless it is that one; of wildcards, DYNAMIC_DNS alone has any.
  let elsewhere = !service.ofKubernetes && (service.passthrough || service.headless || service.host.startsWith(ASTERISK))
  for (const workload of members) {
    // What a ServiceEntry with resolution NONE lists is nowhere used; what it selects is.
    if (service.passthrough && workload.listed) continue
    elsewhere = false
    // To pods it applies, by the endpoint slices that are made of them; others say themselves what is ready.
    if (!(workload.healthy || (service.unready && workload.pod))) continue
    if (workload.target !== '') targets.push({ name: workload.target, ports: [] })
    const hostname = service.ofKubernetes && service.headless ? workload.hostname : ''
    for (const size of workload.pod ? service.families : BOTH)
      for (const address of splitOctets(size === 4 ? workload.ipv4 : workload.ipv6, size))
        (workload.own ? own : endpoints)!.push({ address, hostname, ports: [] })
  }
  const groups = [...groupEndpoints(endpoints!), ...groupEndpoints(own!).map(asOwn)]
  // istiod lists the host itself where the DNS is to be asked for its own name.
  const itself = isItself(service.host, groups, targets)
  return {
    kind: service.ofKubernetes ? 'Service' : 'ServiceEntry',
    namespace: service.namespace,
    host: service.host,
    vips: service.vips,
    ports: [],
    groups,
    targets: itself ? [] : targets,
    ...((elsewhere || itself) && { elsewhere: true as const }),
    ...(service.hidden ? { exportTo: HIDDEN } : UNTOLD),
    // istiod says which one is the oldest, and not how old.
    ...(!service.ofKubernetes && !service.canonical && { created: 1 }),
  }
}
