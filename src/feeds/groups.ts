import type { EndpointGroup, Port } from '../registry/record.ts'

/** One address that something answers at. */
export interface EndpointAddress {
  readonly address: string
  /** `''` where it has none. */
  readonly hostname: string
  readonly ports: readonly Port[]
}

/** Endpoints put together by address size and ports. */
export function groupEndpoints(endpoints: Iterable<EndpointAddress>): EndpointGroup[] {
  const groups = new Map<string, EndpointAddress[]>()
  for (const endpoint of endpoints) {
    const key = `${endpoint.address.length} ${JSON.stringify(endpoint.ports)}`
    const group = groups.get(key)
    if (group) group.push(endpoint)
    else groups.set(key, [endpoint])
  }
  return Array.from(groups.values(), group => ({
    ports: group[0]!.ports,
    size: group[0]!.address.length as 4 | 16,
    addresses: group.map(({ address }) => address).join(''),
    ...(group.some(({ hostname }) => hostname !== '') && { hostnames: group.map(({ hostname }) => hostname) }),
  }))
}

/** The same endpoints, marked. */
export const asOwn = (group: EndpointGroup): EndpointGroup => ({ ...group, own: true })
