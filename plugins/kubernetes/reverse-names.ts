import { keyBelow } from '#src/dns/name.ts'
import type { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import { labelOf } from '#src/feeds/cluster-index/endpoint-labels.ts'
import { placesIn } from '#src/registry/record.ts'
import { serviceKey } from './service-key.ts'

/** What an address (octets) is called in `zone`: the Service that has it as a cluster IP, else its names as an endpoint. */
export function reverseNames(view: ClusterView, address: string, zone: string): string[] {
  const virtual = view.index.byClusterIp.of(address).find(node => view.exposes(node.namespace))
  if (virtual) return [serviceKey(virtual, zone)]
  const names = view.index.byEndpoint
    .of(address)
    .filter(node => view.exposes(node.namespace))
    .flatMap(node =>
      node.slices.flatMap(slice =>
        placesIn(slice.group, address).map(i => keyBelow([labelOf(slice, i, view.podNames)], serviceKey(node, zone))),
      ),
    )
  return [...new Set(names)]
}
