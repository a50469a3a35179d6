import { isDeepStrictEqual } from 'node:util'
import { epochSeconds } from '../../dns/epoch.ts'
import { ALL_NAMES, ASTERISK, isUnder, parentOf, ROOT } from '../../dns/name.ts'
import { MultiMap } from '../../registry/multi-map.ts'
import { isVisible } from '../../registry/visibility.ts'
import type {
  ClusterObject,
  DNSEndpoint,
  Gateway,
  GatewayListener,
  Ingress,
  IstioGateway,
  KindName,
  ListenerSet,
  Node,
  Route,
  RouteParent,
  Service,
} from '../kubernetes/objects.ts'
import { idOf, type Labels, type Place, type Selector, selects } from '../objects/mesh-objects.ts'

/** What has hosts that the outside is to know. */
export type HostObject = Ingress | Service | Route | DNSEndpoint | Node
type AnyGateway = Gateway | IstioGateway
type Listening = AnyGateway | ListenerSet
type OuterObject = HostObject | Listening

interface Taking {
  readonly gateway: AnyGateway | undefined
  readonly listeners: readonly GatewayListener[]
}

/** What a cluster shows outside, by the hosts that it has there, and the gateways that these lead to. */
export class HostIndex {
  /** Another one after every change. */
  version = 0
  /** When it changed last, by the clock in seconds. */
  modified = epochSeconds()
  /** Called when a Service is resolved to its endpoints. */
  readonly onEndpoints = new Set<() => void>()
  readonly #objects = new Map<string, OuterObject>()
  readonly #hosts = new MultiMap<string, HostObject>()
  /** How many hosts of objects of a kind are below a name. */
  readonly #below = new Map<KindName, Map<string, number>>()
  /** What has listeners, by the hosts of these, and the routes of all names by the ids of what they are attached to. */
  readonly #listening = new MultiMap<string, Listening>()
  readonly #attached = new MultiMap<string, Route>()
  /** Those that the outside reaches. */
  readonly #services = new Set<Service>()
  /** The Services that gateways are reached at, by selector; found when first asked for. */
  readonly #selected = new Map<IstioGateway, readonly Service[]>()
  #byEndpoints = 0

  /** Whether some Service is resolved to its endpoints. */
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
    this.#selected.clear()
    this.version++
    this.modified = epochSeconds()
    if (!after) return
    this.#objects.set(id, after)
    this.#add(after)
  }

  /** All that has exactly this host: the key of a name, or of one with `*` as its first label. A route of all names has those of the gateways that it is attached to. */
  of(host: string): readonly HostObject[] {
    const objects = this.#hosts.of(host)
    const listening = this.#listening.of(host)
    if (listening.length === 0) return objects
    return [...new Set([...objects, ...listening.flatMap(each => this.#attached.of(idOf(each)))])]
  }

  /** Whether there are hosts of objects of these kinds below this name. @param bare the key of its labels before the zone */
  isAbove(kinds: Iterable<KindName>, key: string, bare: string): boolean {
    for (const kind of kinds) {
      const below = this.#below.get(kind)
      if (below?.has(key) || (isAnywhere({ kind }) && below?.has(bare))) return true
    }
    return false
  }

  /** Tells the gateways that take a route's traffic for the name `key`. There may be many routes of one name: what they are attached to is looked at once. */
  gatewaysFor(key: string): (route: Route) => readonly AnyGateway[] {
    const seen = new Map<string, Taking>()
    return route => {
      const gateways: AnyGateway[] = []
      for (const parent of route.parents) {
        let taking = seen.get(parent.id)
        if (!taking) {
          taking = this.#taking(parent.id, key)
          seen.set(parent.id, taking)
        }
        const { gateway, listeners } = taking
        if (gateway && listeners.some(listener => takes(listener, route, parent))) gateways.push(gateway)
      }
      return gateways
    }
  }

  /** The listeners of a gateway or ListenerSet that take traffic for the name `key`. */
  #taking(id: string, key: string): Taking {
    const listening = this.#objects.get(id) as Listening | undefined
    const gateway =
      listening?.kind === 'ListenerSet' ? (this.#objects.get(listening.gateway) as AnyGateway | undefined) : listening
    return { gateway, listeners: listening?.listeners.filter(({ host }) => matches(key, host)) ?? [] }
  }

  /** Where a gateway is reached for a route: one of Istio as the Services whose pods have all the labels that it selects, and see the route. */
  placesOf(gateway: AnyGateway, route: Route): readonly Place[] {
    if (gateway.kind === 'Gateway') return gateway.places
    let services = this.#selected.get(gateway)
    if (!services) {
      services = [...this.#services].filter(({ selector }) => selects(gateway.selector, labelsOf(selector)))
      this.#selected.set(gateway, services)
    }
    return services.filter(({ namespace }) => isVisible(route, namespace)).flatMap(({ outside }) => outside!.places)
  }

  #add(object: OuterObject): void {
    for (const host of hostsOf(object)) {
      this.#count(host, object, 1)
      if (isListening(object)) this.#listening.add(host, object)
      else this.#hosts.add(host, object)
    }
    if (isForAll(object)) for (const { id } of object.parents) this.#attached.add(id, object)
    if (object.kind !== 'Service') return
    this.#services.add(object)
    if (!object.outside!.endpoints) return
    this.#byEndpoints++
    for (const call of this.onEndpoints) call()
  }

  #remove(object: OuterObject): void {
    for (const host of hostsOf(object)) {
      this.#count(host, object, -1)
      if (isListening(object)) this.#listening.delete(host, object)
      else this.#hosts.delete(host, object)
    }
    if (isForAll(object)) for (const { id } of object.parents) this.#attached.delete(id, object)
    if (object.kind !== 'Service') return
    this.#services.delete(object)
    if (object.outside!.endpoints) this.#byEndpoints--
  }

  #count(host: string, { kind }: OuterObject, change: 1 | -1): void {
    let below = this.#below.get(kind)
    if (!below) {
      below = new Map()
      this.#below.set(kind, below)
    }
    for (let key = parentOf(host); key !== ROOT; key = parentOf(key)) add(below, key, change)
  }
}

function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}

const isListening = (object: OuterObject): object is Listening => 'listeners' in object

/** Whether the hosts of an object may also be what its names have before the zone, whichever that is. */
export const isAnywhere = ({ kind }: { readonly kind: string }): boolean => kind === 'Service' || kind === 'Node'

/** The object, where the outside is to know of it. */
function outer(object: ClusterObject): OuterObject | undefined {
  switch (object.kind) {
    case 'Service':
      return object.outside && object
    case 'Ingress':
    case 'Gateway':
    case 'ListenerSet':
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
        : isListening(object)
          ? object.listeners.map(({ host }) => host)
          : object.hosts
  return new Set(hosts.filter(host => host !== ALL_NAMES))
}

/** Whether it is a route of all names. */
const isForAll = (object: OuterObject): object is Route => 'parents' in object && object.hosts.includes(ALL_NAMES)

const takes = (listener: GatewayListener, route: Route, parent: RouteParent): boolean =>
  (parent.listener === '' || parent.listener === listener.name) &&
  (parent.port === 0 || parent.port === listener.port) &&
  (listener.namespace === '' || listener.namespace === route.namespace)

const matches = (key: string, host: string): boolean =>
  host.startsWith(ASTERISK) ? key !== parentOf(host) && isUnder(key, parentOf(host)) : key === host

/** The labels that all pods have which `selector` selects. */
function labelsOf(selector: Selector): Labels {
  const labels = new Map<string, string>()
  for (let i = 0; i < selector.length; i += 2) labels.set(selector[i]!, selector[i + 1]!)
  return labels
}
