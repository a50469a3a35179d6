/** Kubernetes and Istio objects, cut down to what names and addresses depend on. Addresses are octets, names are keys, as in `src/registry/record.ts`. */
import type { EndpointGroup, Port } from '../../registry/record.ts'

export type MeshObject = Service | EndpointSlice | Pod | Namespace | ServiceEntry | WorkloadEntry

interface Identity {
  readonly namespace: string
  readonly name: string
}

export type Labels = ReadonlyMap<string, string>

/** Labels that must all be there: names and values in turn. */
export type Selector = readonly string[]

export interface ServicePort extends Port {
  /** A number, or the name of a port of the pod. */
  readonly target: number | string
}

export interface Service extends Identity {
  readonly kind: 'Service'
  readonly vips: readonly string[]
  readonly ports: readonly ServicePort[]
  readonly selector: Selector
  /** Address sizes of the IP families; empty for whatever the pods have. */
  readonly families: readonly (4 | 16)[]
  readonly publishNotReady: boolean
  /** The `externalName`. */
  readonly alias: string | undefined
  readonly exportTo: readonly string[] | undefined
}

export interface EndpointSlice extends Identity {
  readonly kind: 'EndpointSlice'
  /** The name of its Service; undefined for a slice of none. */
  readonly service: string | undefined
  /** The ready endpoints. */
  readonly group: EndpointGroup
}

export interface Pod extends Identity {
  readonly kind: 'Pod'
  readonly labels: Labels
  readonly addresses: readonly string[]
  readonly ready: boolean
  /** It is being deleted. */
  readonly terminating: boolean
  /** `''` where there is none. */
  readonly hostname: string
  readonly subdomain: string
  /** Its addresses are those of its node. */
  readonly hostNetwork: boolean
  /** Named container ports, by name. */
  readonly ports: ReadonlyMap<string, number>
}

/** Its `name` is the namespace. */
export interface Namespace extends Identity {
  readonly kind: 'Namespace'
}

/** Where a workload is: octets of an address, or the key of a name that the DNS knows. */
export type Place = { readonly address: string } | { readonly target: string }

export interface Endpoint {
  readonly place: Place
  /** Port numbers by the names of the ServiceEntry's ports. */
  readonly ports: ReadonlyMap<string, number>
}

export interface ServiceEntry extends Identity {
  readonly kind: 'ServiceEntry'
  readonly hosts: readonly string[]
  readonly addresses: readonly string[]
  /** Allocated by istiod where it has no addresses of its own, by host; under `''` those of every host. */
  readonly allocated: ReadonlyMap<string, readonly string[]>
  readonly ports: readonly (Port & { readonly target: number })[]
  readonly resolution: 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN' | 'DYNAMIC_DNS'
  readonly endpoints: readonly Endpoint[]
  readonly selector: Selector | undefined
  readonly exportTo: readonly string[] | undefined
  /** In seconds since 1970; 0 where it is not known. */
  readonly created: number
}

export interface WorkloadEntry extends Identity, Endpoint {
  readonly kind: 'WorkloadEntry'
  readonly labels: Labels
  readonly healthy: boolean
}

/** What an object is known by: `Service default/backend`. */
export const idOf = ({ kind, namespace, name }: Identity & { readonly kind: string }): string => `${kind} ${namespace}/${name}`

/** Whether `labels` has everything that `selector` asks for. An empty selector selects nothing. */
export function selects(selector: Selector, labels: Labels): boolean {
  for (let i = 0; i < selector.length; i += 2) if (labels.get(selector[i]!) !== selector[i + 1]) return false
  return selector.length > 0
}
