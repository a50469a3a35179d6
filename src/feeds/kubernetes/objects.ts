/** What is kept of the objects of a cluster: what the registry needs of them, and the little more that only a cluster knows. */
import type { Port } from '../../registry/record.ts'
import type * as mesh from '../objects/mesh-objects.ts'

/** An object as the server had it at one time; two of the same version are the same. */
interface Versioned {
  /** The `resourceVersion`. */
  readonly version: string
}

export interface Service extends mesh.Service, Versioned {
  /** It has no virtual address on purpose. */
  readonly headless: boolean
  /** The `externalIPs`, and what its load balancer is reached at. */
  readonly external: readonly mesh.Place[]
  /** What the outside is to know of it; undefined where that is nothing. */
  readonly outside: Outside | undefined
}

export interface Outside {
  /** The names that it is to have there, as keys; `NAME.NAMESPACE` where it does not say any. None for one that leads there and is not to be named. */
  readonly hosts: readonly string[]
  readonly places: readonly mesh.Place[]
  /** It is to be reached at its ready endpoints. */
  readonly endpoints: boolean
}

export interface EndpointSlice extends mesh.EndpointSlice, Versioned {
  /** The pod of each address; `''` where there is none, or its name is no label. Undefined where nobody asked. */
  readonly pods?: readonly string[]
  /** The zone of each address, in lower case; `''` where it is not known. Undefined where nobody asked. */
  readonly zones?: readonly string[]
}

/** An EndpointSlice that another cluster has exported; its `service` is the name of the ServiceImport. */
export interface ImportedSlice extends Versioned, Omit<EndpointSlice, 'kind'> {
  readonly kind: 'ImportedSlice'
  readonly cluster: string
}

export interface ServiceImport extends Versioned {
  readonly kind: 'ServiceImport'
  readonly namespace: string
  readonly name: string
  readonly headless: boolean
  readonly vips: readonly string[]
  readonly ports: readonly Port[]
}

interface Named extends Versioned {
  readonly namespace: string
  readonly name: string
}

/** Its hosts, as keys, lead to where its controller is reached. */
export interface Ingress extends Named {
  readonly kind: 'Ingress'
  /** `''` where none is named. */
  readonly class: string
  readonly hosts: readonly string[]
  readonly places: readonly mesh.Place[]
}

/** What one listener of a gateway takes. */
export interface GatewayListener {
  /** `''` where it has none. */
  readonly name: string
  /** 0 where it is of no matter. */
  readonly port: number
  /** A key, which may begin with `*` for every name below the rest; `*` alone is every name. */
  readonly host: string
  /** The only namespace whose routes it takes; `''` for any. */
  readonly namespace: string
}

/** A Gateway of the Gateway API, which says where it is reached. */
export interface Gateway extends Named {
  readonly kind: 'Gateway'
  readonly class: string
  readonly listeners: readonly GatewayListener[]
  readonly places: readonly mesh.Place[]
}

/** More listeners of a Gateway, which has accepted them. */
export interface ListenerSet extends Named {
  readonly kind: 'ListenerSet'
  readonly listeners: readonly GatewayListener[]
  /** Its id. */
  readonly gateway: string
}

/** A Gateway of Istio, which is reached where the Services of the pods are that it selects. */
export interface IstioGateway extends Named {
  readonly kind: 'IstioGateway'
  readonly listeners: readonly GatewayListener[]
  readonly selector: mesh.Selector
}

/** Hosts whose traffic gateways route. */
export interface Route extends Named {
  readonly kind: 'HTTPRoute' | 'TLSRoute' | 'GRPCRoute' | 'VirtualService'
  /** As those of listeners. */
  readonly hosts: readonly string[]
  readonly parents: readonly RouteParent[]
  /** Namespaces whose gateways have it, as Istio says it; undefined for all. */
  readonly exportTo?: readonly string[] | undefined
}

/** What has the listeners that a route is attached to. */
export interface RouteParent {
  /** Of a gateway or ListenerSet. */
  readonly id: string
  /** The only listener; `''` for all. */
  readonly listener: string
  /** The port of the only listeners; 0 for all. */
  readonly port: number
}

/** Records that are written down (external-dns). */
export interface DNSEndpoint extends Named {
  readonly kind: 'DNSEndpoint'
  readonly records: readonly {
    readonly host: string
    readonly places: readonly mesh.Place[]
    /** Of TXT records. */
    readonly texts: readonly string[]
  }[]
}

export interface Node extends Named {
  readonly kind: 'Node'
  readonly hosts: readonly string[]
  /** Addresses by their type. */
  readonly addresses: Readonly<Record<'InternalIP' | 'ExternalIP', readonly string[]>>
}

export type Pod = mesh.Pod & Versioned
export type Namespace = mesh.Namespace & Versioned
type ServiceEntry = mesh.ServiceEntry & Versioned
type WorkloadEntry = mesh.WorkloadEntry & Versioned

export type ClusterObject =
  | Service
  | EndpointSlice
  | ImportedSlice
  | ServiceImport
  | Pod
  | Namespace
  | ServiceEntry
  | WorkloadEntry
  | Ingress
  | Gateway
  | ListenerSet
  | IstioGateway
  | Route
  | DNSEndpoint
  | Node

export type KindName = ClusterObject['kind']
