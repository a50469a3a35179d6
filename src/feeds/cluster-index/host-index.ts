import { isDeepStrictEqual } from 'node:util'
import { epochSeconds } from '../../dns/epoch.ts'
import { isUnder, parentOf, ROOT, toKey } from '../../dns/name.ts'
import { MultiMap } from '../../registry/multi-map.ts'
import { idOf, type Labels, type Place, type Selector, selects } from '../../registry/objects.ts'
import type {
  ClusterObject,
  DNSEndpoint,
  Gateway,
  Ingress,
  IstioGateway,
  KindName,
  Node,
  Route,
  RouteParent,
  Service,
} from '../kubernetes/objects.ts'

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
  modified = epochSeconds()
  /** Called when a Service is to be reached at its endpoints. */
  onEndpoints = (): void => {}
  readonly #objects = new Map<string, OuterObject>()
  readonly #hosts = new MultiMap<string, HostObject>()
  /** How many hosts of objects of a kind are below a name. */
  readonly #below = new Map<KindName, Map<string, number>>()
  readonly #gateways = new Map<string, AnyGateway>()
  /** By the hosts of their listeners, and the routes of all names by the gateways that they are attached to. */
  readonly #listening = new MultiMap<string, AnyGateway>()
  readonly #attached = new MultiMap<string, Route>()
  /** Those that the outside reaches. */
  readonly #services = new Set<Service>()
  /** Where gateways are reached that select Services; made when somebody asks. */
  readonly #places = new Map<IstioGateway, readonly Place[]>()
  #byEndpoints = 0

  /** Whether some Service is to be reached at its endpoints. */
  get needsEndpoints(): boolean {
    return this.#byEndpoints > 0
  }

  /** @param id by which the object is known */
  change(id: string, object: ClusterObject | undefined): void {
    const [before, after] = [this.#objects.get(id), object && outer(object)]
    if (!before && !after) return
    // Most updates are about nothing that leads anywhere: what a controller says of a route, the heartbeat of a node.
    if (before && after && isDeepStrictEqual({ ...before, version: '' }, { ...after, version: '' })) return
    if (before) this.#remove(before)
    this.#objects.delete(id)
    this.#places.clear()
    this.version++
    this.modified = epochSeconds()
    if (!after) return
    this.#objects.set(id, after)
    this.#add(after)
  }

  /** All that has exactly this host: the key of a name, or of one with `*` as its first label. A route of all names has those of the gateways that it is attached to. */
  of(host: string): readonly HostObject[] {
    const objects = this.#hosts.of(host)
    const gateways = this.#listening.of(host)
    if (gateways.length === 0) return objects
    return [...new Set([...objects, ...gateways.flatMap(gateway => this.#attached.of(idOf(gateway)))])]
  }

  /** Whether there are hosts of objects of these kinds below this name. @param bare the key of its labels before the zone */
  isAbove(kinds: Iterable<KindName>, key: string, bare: string): boolean {
    for (const kind of kinds) {
      const below = this.#below.get(kind)
      if (below?.has(key) || (isAnywhere({ kind }) && below?.has(bare))) return true
    }
    return false
  }

  /** The gateways that take a route's traffic for the name `key`. */
  gatewaysOf(route: Route, key: string): AnyGateway[] {
    return route.parents.flatMap(parent => {
      const gateway = this.#gateways.get(gatewayOf(route, parent))
      const takes = gateway?.listeners.some(
        listener =>
          (parent.listener === '' || parent.listener === listener.name) &&
          (parent.port === 0 || parent.port === listener.port) &&
          (listener.namespace === '' || listener.namespace === route.namespace) &&
          matches(key, listener.host),
      )
      return takes ? [gateway!] : []
    })
  }

  /** Where a gateway is reached: one of Istio as the Services whose pods have all the labels that it selects. */
  placesOf(gateway: AnyGateway): readonly Place[] {
    if (gateway.kind === 'Gateway') return gateway.places
    let places = this.#places.get(gateway)
    if (!places) {
      const services = [...this.#services].filter(({ selector }) => selects(gateway.selector, labelsOf(selector)))
      places = services.flatMap(({ outside }) => outside!.places)
      this.#places.set(gateway, places)
    }
    return places
  }

  #add(object: OuterObject): void {
    for (const host of hostsOf(object)) {
      this.#count(host, object, 1)
      if (isGateway(object)) this.#listening.add(host, object)
      else this.#hosts.add(host, object)
    }
    if (isForAll(object)) for (const parent of object.parents) this.#attached.add(gatewayOf(object, parent), object)
    if (isGateway(object)) this.#gateways.set(idOf(object), object)
    if (object.kind !== 'Service') return
    this.#services.add(object)
    if (!object.outside!.endpoints) return
    this.#byEndpoints++
    this.onEndpoints()
  }

  #remove(object: OuterObject): void {
    for (const host of hostsOf(object)) {
      this.#count(host, object, -1)
      if (isGateway(object)) this.#listening.delete(host, object)
      else this.#hosts.delete(host, object)
    }
    if (isForAll(object)) for (const parent of object.parents) this.#attached.delete(gatewayOf(object, parent), object)
    if (isGateway(object)) this.#gateways.delete(idOf(object))
    if (object.kind !== 'Service') return
    this.#services.delete(object)
    if (object.outside!.endpoints) this.#byEndpoints--
  }

  #count(host: string, { kind }: OuterObject, change: 1 | -1): void {
    const below = this.#below.get(kind) ?? new Map<string, number>()
    this.#below.set(kind, below)
    for (let key = parentOf(host); key !== ROOT; key = parentOf(key)) add(below, key, change)
  }
}

function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}

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

/** Each once; of what is for all names, none. */
function hostsOf(object: OuterObject): ReadonlySet<string> {
  const hosts =
    object.kind === 'Service'
      ? object.outside!.hosts
      : object.kind === 'DNSEndpoint'
        ? object.records.map(({ host }) => host)
        : isGateway(object)
          ? object.listeners.map(({ host }) => host)
          : object.hosts
  return new Set(hosts.filter(host => host !== ANY))
}

/** Whether it is a route of all names. */
const isForAll = (object: OuterObject): object is Route => 'parents' in object && object.hosts.includes(ANY)

/** The gateway that a route is attached to, by its id. */
const gatewayOf = ({ kind }: Route, { namespace, name }: RouteParent): string =>
  idOf({ kind: kind === 'VirtualService' ? 'IstioGateway' : 'Gateway', namespace, name })

const matches = (key: string, host: string): boolean =>
  host.startsWith('\x01*') ? key !== parentOf(host) && isUnder(key, parentOf(host)) : key === host

/** The labels that all pods have which `selector` selects. */
function labelsOf(selector: Selector): Labels {
  const labels = new Map<string, string>()
  for (let i = 0; i < selector.length; i += 2) labels.set(selector[i]!, selector[i + 1]!)
  return labels
}
