/** What a cluster has under the name of a service. */
import { toOctets } from '#src/dns/address.ts'
import { keyBelow, toText } from '#src/dns/name.ts'
import { type Batch, endpointBatch, matchingPorts } from '#src/feeds/cluster-index/batch.ts'
import type { ImportedService, LocalService } from '#src/feeds/cluster-index/cluster-index.ts'
import { countOf, placesOf } from '#src/feeds/cluster-index/endpoint-labels.ts'
import type { EndpointSlice, ImportedSlice } from '#src/feeds/kubernetes/objects.ts'
import type { ServiceName } from './name.ts'

/** Addresses, none for a name without any; or the name that this one is an alias of; undefined for a name that does not exist. */
type Found = readonly Batch[] | { readonly alias: string } | undefined

interface Finding {
  readonly podNames: boolean
  readonly ignoreEmpty: boolean
}

/** @param base the key of the service itself */
export function findService(node: LocalService, name: ServiceName, base: string, finding: Finding): Found {
  const { service } = node
  if (!service) return undefined
  const { alias, headless } = service
  if (name.topology !== '' && !headless) return undefined
  if (alias !== undefined) return name.endpoint + name.port + name.protocol === '' && !isAddress(alias) ? { alias } : undefined
  if (finding.ignoreEmpty && !headless && !node.hasEndpoints) return undefined
  if (!headless && name.endpoint === '') return virtual(service, name, base)
  const batches = endpoints(node.slices, name, base, finding, name.topology)
  if (batches.length > 0) return batches
  if (name.prefer) return endpoints(node.slices, name, base, finding, '')
  // Where no endpoint is in a topology zone, its name is there all the same.
  return name.topology === '' ? undefined : []
}

/** @param base the key of the service itself */
export function findImport(node: ImportedService, name: ServiceName, base: string, finding: Finding): Found {
  const { service } = node
  if (!service || (finding.ignoreEmpty && !service.headless && !node.hasEndpoints)) return undefined
  if (!service.headless && name.endpoint === '') return virtual(service, name, base)
  const slices = name.endpoint === '' ? node.slices : node.slices.filter(({ cluster }) => cluster === name.cluster)
  const batches = slices.flatMap(slice => endpoints([slice], name, inCluster(slice, base), finding, ''))
  return batches.length > 0 ? batches : undefined
}

const inCluster = ({ cluster }: ImportedSlice, base: string): string => (cluster === '' ? base : keyBelow([cluster], base))

function virtual(
  { vips, ports }: { readonly vips: readonly string[]; readonly ports: Batch['ports'] },
  name: ServiceName,
  base: string,
): Found {
  const matching = matchingPorts(ports, name)
  return matching.length > 0 ? [{ ports: matching, addresses: vips, owner: () => base }] : undefined
}

function endpoints(
  slices: readonly Pick<EndpointSlice, 'group' | 'pods' | 'zones'>[],
  name: ServiceName,
  base: string,
  { podNames }: Finding,
  topology: string,
): Batch[] {
  return slices.flatMap(slice => {
    const places =
      name.endpoint !== ''
        ? placesOf(slice, name.endpoint, podNames)
        : topology === ''
          ? undefined
          : Array.from({ length: countOf(slice) }, (_, i) => i).filter(i => slice.zones?.[i] === topology)
    return endpointBatch(slice, name, base, podNames, places) ?? []
  })
}

/** Whether a name is really an IP address, which no CNAME can lead to. */
const isAddress = (key: string): boolean => toOctets(toText(key).slice(0, -1)) !== undefined
