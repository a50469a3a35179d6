import { keyOf } from '../../dns/name.ts'
import { type EndpointGroup, type HostRecord, isItself } from '../../registry/record.ts'
import { asOwn } from '../groups.ts'
import type { Addresses, Assignment } from './assignment.ts'
import type { Cluster } from './cluster.ts'
import { hostKey } from './host-name.ts'
import type { NameInfo } from './name-table.ts'
import { splitOctets } from './octets.ts'

const FAMILIES = [
  ['ipv4', 4],
  ['ipv6', 16],
] as const

/** What is known of a host. */
export interface Known {
  readonly host: string
  /** Where it is a Service of Kubernetes. */
  readonly service: readonly [service: string, namespace: string] | undefined
  readonly info: NameInfo | undefined
  /** One for each port. */
  readonly clusters: readonly Cluster[]
  readonly assignments: readonly (Assignment | undefined)[]
  /** Hostnames of pods by address. */
  readonly pods: ReadonlyMap<string, string> | undefined
}

export function clusterRecord({ host, service, info, clusters, assignments, pods }: Known): HostRecord {
  const key = hostKey(host)
  // Ports for UDP are no clusters. A host that has no other ones is answered with what a sidecar would answer.
  const sources = clusters.length > 0 ? assignments : [info]
  const groups = [
    ...groupsOf(sources, pods),
    ...groupsOf(
      assignments.map(assignment => assignment?.own),
      pods,
    ).map(asOwn),
  ]
  const names = new Set(assignments.flatMap(assignment => assignment?.targets ?? []))
  const listed = Array.from(names, name => ({ name, ports: [] }))
  // istiod lists the host itself where the DNS is to be asked for its own name.
  const targets = isItself(key, groups, listed) ? [] : listed
  // The addresses of a headless Service are those of its pods.
  const headless = service && clusters.some(({ passthrough }) => passthrough)
  const elsewhere =
    !service &&
    groups.length === 0 &&
    targets.length === 0 &&
    !clusters.some(({ kind, assigned, passthrough }) => kind === 'Service' || (assigned && !passthrough))
  return {
    kind: service ? 'Service' : 'ServiceEntry',
    namespace: service?.[1] ?? '',
    host: service ? keyOf([...service, 'svc'], '') : key,
    vips: info && !headless ? [...splitOctets(info.ipv4, 4), ...splitOctets(info.ipv6, 16)] : [],
    ports: [],
    groups,
    targets,
    exportUntold: true,
    ...(elsewhere && { elsewhere }),
  }
}

/** The addresses of all ports, each once. */
const groupsOf = (ports: readonly (Addresses | undefined)[], pods: Known['pods']): EndpointGroup[] =>
  FAMILIES.flatMap(([family, size]) =>
    groupOf(
      ports.map(port => port?.[family] ?? ''),
      size,
      pods,
    ),
  )

function groupOf(columns: readonly string[], size: 4 | 16, pods: Known['pods']): EndpointGroup[] {
  const some = [...new Set(columns)].filter(octets => octets !== '')
  const addresses = some.length > 1 ? [...new Set(some.flatMap(octets => [...splitOctets(octets, size)]))].join('') : some[0]
  if (addresses === undefined) return []
  const hostnames = pods && Array.from(splitOctets(addresses, size), address => pods.get(address) ?? '')
  return [{ ports: [], size, addresses, ...(hostnames?.some(hostname => hostname !== '') && { hostnames }) }]
}
