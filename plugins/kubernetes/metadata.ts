/** What the plugin knows about a query, under CoreDNS's labels for *metadata*. */
import { toOctets } from '#src/dns/address.ts'
import { escapeLabel } from '#src/dns/name.ts'
import type { ZoneMap } from '#src/dns/zone-map.ts'
import type { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import type { MetadataReader, Query } from '#src/plugin.ts'
import { type Name, readName } from './name.ts'
import type { Zone } from './zone.ts'

const PREFIX = 'kubernetes/'

/** @returns undefined for the label of another plugin */
export function metadataReader(label: string, view: ClusterView, zones: ZoneMap<Zone>): MetadataReader | undefined {
  if (!label.startsWith(PREFIX)) return undefined
  const word = label.slice(PREFIX.length)
  const client = ({ client }: Query) => view.podAt(String.fromCharCode(...toOctets(client.address)!))
  if (word === 'client-namespace') return query => client(query)?.namespace
  if (word === 'client-pod-name') return query => client(query)?.name
  return ({ key }) => {
    const zone = zones.find(key)
    if (!zone) return undefined
    const name = readName(zone.labels(key), zone)
    if (!name) return word === 'parse-error' ? 'invalid query name' : undefined
    // Topology zones may have dots in their names.
    return wordsOf(name).get(word)?.split('.').map(escapeLabel).join('.')
  }
}

/** What a name asks for. */
function wordsOf(name: Name): ReadonlyMap<string, string> {
  if (name.kind === 'empty') return new Map()
  const { namespace } = name
  if (name.kind === 'namespace') return new Map(Object.entries({ kind: name.of, namespace }))
  if (name.kind === 'pod') return new Map(Object.entries({ kind: 'pod', namespace, service: name.label }))
  const { name: service, endpoint, port, protocol, cluster, topology } = name
  return new Map(
    Object.entries({ kind: 'svc', namespace, service, endpoint, 'port-name': port, protocol, cluster, zone: topology }),
  )
}
