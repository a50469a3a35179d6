import { isUnder, parentOf, ROOT, toKey } from '../../dns/name.ts'
import { MultiMap } from '../../registry/multi-map.ts'
import type { Place, Selector } from '../../registry/objects.ts'
import type { ClusterObject, DNSEndpoint, Gateway, Ingress, IstioGateway, Node, Route, Service } from '../kubernetes/objects.ts'

/** What has hosts that the outside is to know. */
export type HostObject = Ingress | Service | Route | DNSEndpoint | Node
type AnyGateway = Gateway | IstioGateway
type OuterObject = HostObject | AnyGateway

/** The pattern of every name. */
const ANY = toKey('*')

/** What a cluster shows outside, by the hosts that it has there, and the gateways that these lead to. */
export class HostIndex {
  /** Another one after every change. */
  version = 0
  /** When it changed last, by the clock in seconds. */
  modified = now()
  /** Called when a Service is to be reached at its endpoints. */
  onEndpoints = (): void => {}
  readonly #objects = new Map<string, OuterObject>()
  readonly #hosts = new MultiMap<string, HostObject>()
  /** How many hosts are below a name, and how many of those are of what may be called below any zone. */
  readonly #below = new Map<string, number>()
  readonly #belowAnywhere = new Map<string, number>()
  readonly #gateways = new Map<string, AnyGateway>()
  /** Those that the outside reaches. */
  readonly #services = new Set<Service>()
  #byEndpoints = 0

  /** Whether some Service is to be reached at its endpoints. */
  get needsEndpoints(): boolean {
    return this.#byEndpoints > 0
  }

  /** @param id by which the object is known */
  change(id: string, object: ClusterObject | undefined): void {
    const [before, after] = [this.#objects.get(id), object && outer(object)]
    if (!before && !after) return
    if (before) this.#remove(before)
    this.#objects.delete(id)
    this.version++
    this.modified = now()
    if (!after) return
    this.#objects.set(id, after)
    this.#add(after)
  }

  /** All that has exactly this host: the key of a name, or of one with `*` as its first label. */
  of(host: string): readonly HostObject[] {
    return this.#hosts.of(host)
  }

  /** Whether there are hosts below this name. @param bare the key of its labels before the zone */
  isAbove(key: string, bare: string): boolean {
    return this.#below.has(key) || this.#belowAnywhere.has(bare)
  }

  /** The gateways that take traffic for the name `key`, which the host `host` of a route stands for. A route of all names leads nowhere where its gateway takes all names. */
  gatewaysOf({ kind, namespace, parents }: Route, host: string, key: string): AnyGateway[] {
    const gateway = kind === 'VirtualService' ? 'IstioGateway' : 'Gateway'
    return parents.flatMap(parent => {
      const found = this.#gateways.get(`${gateway} ${parent.namespace}/${parent.name}`)
      const takes = found?.listeners.some(
        listener =>
          (parent.listener === '' || parent.listener === listener.name) &&
          (listener.namespace === '' || listener.namespace === namespace) &&
          !(host === ANY && listener.host === ANY) &&
          matches(key, listener.host),
      )
      return takes ? [found!] : []
    })
  }

  /** Where a gateway is reached: one of Istio as the Services whose pods have all the labels that it selects. */
  placesOf(gateway: AnyGateway): readonly Place[] {
    if (gateway.kind === 'Gateway') return gateway.places
    const wanted = gateway.selector
    if (wanted.length === 0) return []
    return Array.from(this.#services)
      .filter(({ selector }) => includes(selector, wanted))
      .flatMap(({ outside }) => outside!.places)
  }

  #add(object: OuterObject): void {
    for (const host of hostsOf(object)) {
      this.#count(host, object, 1)
      if (!isGateway(object)) this.#hosts.add(host, object)
    }
    if (isGateway(object)) this.#gateways.set(nameOf(object), object)
    if (object.kind !== 'Service') return
    this.#services.add(object)
    if (!object.outside!.endpoints) return
    this.#byEndpoints++
    this.onEndpoints()
  }

  #remove(object: OuterObject): void {
    for (const host of hostsOf(object)) {
      this.#count(host, object, -1)
      if (!isGateway(object)) this.#hosts.delete(host, object)
    }
    if (isGateway(object)) this.#gateways.delete(nameOf(object))
    if (object.kind !== 'Service') return
    this.#services.delete(object)
    if (object.outside!.endpoints) this.#byEndpoints--
  }

  #count(host: string, object: OuterObject, change: 1 | -1): void {
    for (let key = parentOf(host); key !== ROOT; key = parentOf(key)) {
      add(this.#below, key, change)
      if (isAnywhere(object)) add(this.#belowAnywhere, key, change)
    }
  }
}

function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}

const now = (): number => Math.floor(Date.now() / 1000)

const nameOf = ({ kind, namespace, name }: AnyGateway): string => `${kind} ${namespace}/${name}`

const isGateway = (object: OuterObject): object is AnyGateway => object.kind === 'Gateway' || object.kind === 'IstioGateway'

/** Whether the hosts of an object may also be what its names have before the zone, whichever that is. */
export const isAnywhere = ({ kind }: { readonly kind: string }): boolean => kind === 'Service' || kind === 'Node'

/** The object, where the outside is to know of it. */
function outer(object: ClusterObject): OuterObject | undefined {
  switch (object.kind) {
    case 'Service':
      return object.outside && object
    case 'Ingress':
    case 'Gateway':
    case 'IstioGateway':
    case 'HTTPRoute':
    case 'TLSRoute':
    case 'GRPCRoute':
    case 'VirtualService':
    case 'DNSEndpoint':
    case 'Node':
      return object
    default:
      return undefined
  }
}

/** Each once. */
function hostsOf(object: OuterObject): ReadonlySet<string> {
  if (object.kind === 'Service') return new Set(object.outside!.hosts)
  if (object.kind === 'DNSEndpoint') return new Set(object.records.map(({ host }) => host))
  return new Set(isGateway(object) ? object.listeners.map(({ host }) => host) : object.hosts)
}

const matches = (key: string, host: string): boolean =>
  host.startsWith('\x01*') ? key !== parentOf(host) && isUnder(key, parentOf(host)) : key === host

/** Whether all of `wanted` is in `selector`. */
function includes(selector: Selector, wanted: Selector): boolean {
  const labels = new Map<string, string>()
  for (let i = 0; i < selector.length; i += 2) labels.set(selector[i]!, selector[i + 1]!)
  return wanted.every((part, i) => i % 2 === 1 || labels.get(part) === wanted[i + 1])
}
