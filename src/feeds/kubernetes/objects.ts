/** What is kept of the objects of a cluster: what the registry needs of them, and the little more that only a cluster knows. */
import type * as mesh from '../../registry/objects.ts'
import type { Port } from '../../registry/record.ts'

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

export type KindName = ClusterObject['kind']
