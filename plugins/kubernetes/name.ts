/** What the names of a cluster's zone ask for. */
import { bare, type PortQuestion } from '#src/feeds/cluster-index/batch.ts'

export interface ServiceName extends PortQuestion {
  readonly kind: 'service'
  readonly namespace: string
  readonly name: string
  /** The label of one endpoint; `''` for all. */
  readonly endpoint: string
  /** The cluster of that endpoint, in a multicluster zone. */
  readonly cluster: string
  /** The topology zone of the endpoints; `''` for all. */
  readonly topology: string
  /** Whether all endpoints will do where the topology zone has none. */
  readonly prefer: boolean
}

export type Name =
  /** It exists because of the names below it. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'namespace'; readonly of: 'svc' | 'pod'; readonly namespace: string }
  | { readonly kind: 'pod'; readonly namespace: string; readonly label: string }
  | ServiceName

/**
 * @param labels of the name up to the zone
 * @returns undefined for a name that there cannot be
 */
export function readName(
  labels: readonly string[],
  zone: { readonly multicluster: boolean; readonly zonal: boolean },
): Name | undefined {
  const [kind, namespace, name, ...rest] = labels.toReversed()
  if (kind === undefined) return { kind: 'empty' }
  if (kind !== 'svc' && kind !== 'pod') return undefined
  if (namespace === undefined) return { kind: 'empty' }
  if (name === undefined) return { kind: 'namespace', of: kind, namespace }
  if (kind === 'pod') return rest.length === 0 ? { kind, namespace, label: name } : undefined
  const before = readBefore(rest, zone)
  return before && { ...ANY, ...before, kind: 'service', namespace, name }
}

const ANY = { port: '', protocol: '', endpoint: '', cluster: '', topology: '', prefer: false }

/** The labels before the service, the nearest first: an endpoint, a port and its protocol, or endpoints of a topology zone. */
function readBefore(
  rest: readonly string[],
  { multicluster, zonal }: { readonly multicluster: boolean; readonly zonal: boolean },
): Partial<typeof ANY> | undefined {
  const [first, second, ...others] = rest
  if (first === undefined) return {}
  if (second === undefined) return { endpoint: first }
  if (others.length === 0) {
    if (multicluster && !first.startsWith('_') && !second.startsWith('_')) return { endpoint: second, cluster: first }
    return { protocol: bare(first), port: bare(second) }
  }
  if (!zonal || multicluster || first !== '_zone' || (second !== 'pin' && second !== 'prefer')) return undefined
  // Topology zones may have dots in their names.
  return { topology: others.toReversed().join('.'), prefer: second === 'prefer' }
}
