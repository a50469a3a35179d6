/** What a Service has outside of its cluster. */
import { type Batch, bare, endpointBatch, matchingPorts } from '#src/feeds/cluster-index/batch.ts'
import type { LocalService } from '#src/feeds/cluster-index/cluster-index.ts'
import { placesOf } from '#src/feeds/cluster-index/endpoint-labels.ts'
import type { Place } from '#src/feeds/objects/mesh-objects.ts'

/**
 * @param before the labels before the Service's name, the nearest last
 * @param base the key of the Service
 * @returns undefined where there is no such name
 */
export function findExternal(
  { service, slices }: LocalService,
  before: readonly string[],
  base: string,
  { headless, podNames }: { readonly headless: boolean; readonly podNames: boolean },
): readonly Batch[] | undefined {
  if (!service || before.length > 2) return undefined
  const [first = '', second = ''] = before.map(bare)
  const [endpoint, port, protocol] = before.length === 1 ? [first, '', ''] : ['', first, second]
  if (service.external.length > 0) {
    const ports = matchingPorts(service.ports, { port, protocol })
    if (endpoint !== '' || ports.length === 0) return undefined
    const { external } = service
    const addresses = external.map(place => ('address' in place ? place.address : ''))
    return [{ ports, addresses, owner: i => targetOf(external[i]!) ?? base }]
  }
  if (!headless || !(service.headless || endpoint !== '')) return undefined
  const batches = slices.flatMap(slice => {
    const places = endpoint === '' ? undefined : placesOf(slice, endpoint, podNames)
    return endpointBatch(slice, { port, protocol }, base, podNames, places) ?? []
  })
  return batches.length > 0 ? batches : undefined
}

/** The name that these lead to, where they have no addresses. */
export function aliasOf(batches: readonly Batch[]): string | undefined {
  const [first] = batches
  return first && batches.every(({ addresses }) => addresses.every(address => address === '')) ? first.owner(0) : undefined
}

const targetOf = (place: Place): string | undefined => ('target' in place ? place.target : undefined)
