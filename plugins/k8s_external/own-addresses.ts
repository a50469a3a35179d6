import type { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import { addressesOf } from '#src/registry/record.ts'

/**
 * Where this server is reached from outside of the cluster: as the Services that it is an endpoint of, else at its own addresses.
 * @param headless whether headless Services are reached at their endpoints
 */
export function ownAddresses(view: ClusterView, headless: boolean): Iterable<string> {
  const own = view.ownServices
  if (own.length === 0) return view.addresses
  const addresses = own.flatMap(({ node: { service }, slice }) => {
    if (headless && service?.headless) return [...addressesOf(slice.group)]
    return (service?.external ?? []).flatMap(place => ('address' in place ? [place.address] : []))
  })
  return new Set(addresses)
}
