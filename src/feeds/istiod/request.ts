/** What is said to istiod: `envoy.service.discovery.v3.DeltaDiscoveryRequest`. */
import { hostname } from 'node:os'
import { writeField } from '../../protobuf-writer.ts'
import type { TypeName } from './types.ts'

/** Who asks. */
export interface Identity {
  readonly clusterId: string
  readonly namespace: string
  /** The network that it is in; undefined where there is one network only. */
  readonly network: string | undefined
}

/** What a view asks for. */
export interface Request {
  readonly type: TypeName
  readonly subscribe?: readonly string[]
  readonly unsubscribe?: readonly string[]
  /** What is held, by name: only what differs from it is to be sent. */
  readonly versions?: Iterable<readonly [name: string, version: string]>
  /** What is asked for may come unasked, and is asked for only if it is still missing then. */
  readonly isMissing?: () => boolean
}

/** What the stream adds. */
interface Envelope {
  /** Who asks, in the first request of a stream. */
  readonly node?: Buffer | undefined
  /** Of the response that is acknowledged. */
  readonly nonce?: string
  /** Why the response was not accepted. */
  readonly refusal?: string | undefined
}

/** `google.rpc.Code` INVALID_ARGUMENT. */
const INVALID = 3

/** @param type a type URL */
export function writeRequest(type: string, request: Partial<Request> & Envelope): Buffer {
  const { node, subscribe = [], unsubscribe = [], versions = [], nonce, refusal } = request
  const parts: Buffer[] = []
  if (node) parts.push(writeField(1, node))
  parts.push(writeField(2, type))
  for (const name of subscribe) parts.push(writeField(3, name))
  for (const name of unsubscribe) parts.push(writeField(4, name))
  for (const entry of versions) parts.push(writeField(5, writeEntry(entry)))
  if (nonce !== undefined) parts.push(writeField(6, nonce))
  if (refusal !== undefined) parts.push(writeField(7, Buffer.concat([writeField(1, INVALID), writeField(2, refusal)])))
  return Buffer.concat(parts)
}

/**
 * Addresses of both families, as without them headless Services are missing. They are addresses of nobody: for those of a pod, istiod would
 * choose endpoints by where it is.
 */
const ADDRESSES = ['192.0.2.1', '2001:db8::1'] as const

/** Metadata by which a sidecar gets allocated addresses, and the addresses of pods in ambient instead of tunnels to them. */
const SIDECAR = { DNS_CAPTURE: 'true', DISABLE_HBONE_SEND: 'true' }

/** `envoy.config.core.v3.Node`. @param kind what istiod is to take this for, which decides about the types that it sends */
export function writeNode(kind: 'ztunnel' | 'sidecar', { clusterId, namespace, network }: Identity): Buffer {
  const metadata = {
    NAMESPACE: namespace,
    CLUSTER_ID: clusterId,
    INSTANCE_IPS: ADDRESSES.join(),
    ...(network !== undefined && { NETWORK: network }),
    ...(kind === 'sidecar' && SIDECAR),
  }
  const id = [kind, ADDRESSES[0], `${hostname()}.${namespace}`, `${namespace}.svc.cluster.local`].join('~')
  return Buffer.concat([writeField(1, id), writeField(3, writeStruct(metadata))])
}

/** `google.protobuf.Struct` of texts. */
const writeStruct = (members: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat(Object.entries(members).map(([key, text]) => writeField(1, writeEntry([key, writeField(3, text)]))))

const writeEntry = ([key, value]: readonly [string, string | Buffer]): Buffer =>
  Buffer.concat([writeField(1, key), writeField(2, value)])
