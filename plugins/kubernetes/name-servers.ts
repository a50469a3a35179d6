import { TYPE } from '#src/dns/codes.ts'
import { keyBelow } from '#src/dns/name.ts'
import { type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import type { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import { addressAt, countOf, labelOf } from '#src/feeds/cluster-index/endpoint-labels.ts'
import { serviceKey } from './service-key.ts'

type NameServer = readonly [name: string, address: string]

/** The names and addresses of this server: those of the Services that it is an endpoint of, else its own addresses. */
export function nameServers(view: ClusterView, zone: string): NameServer[] {
  const own = view.ownServices
  if (own.length === 0) return view.addresses.map(address => [keyBelow(['ns', 'dns'], zone), address])
  return own.flatMap(({ node, slice }): NameServer[] => {
    if (!node.service) return []
    const base = serviceKey(node, zone)
    if (!node.service.headless) return node.service.vips.map(vip => [base, vip])
    return Array.from({ length: countOf(slice) }, (_, i) => [
      keyBelow([labelOf(slice, i, view.podNames)], base),
      addressAt(slice, i),
    ])
  })
}

/** The NS records of a zone, with the addresses in the additional section; undefined where there is no server to name. */
export function nameServerRecords(servers: readonly NameServer[], zone: string, ttl: number): Sections | undefined {
  if (servers.length === 0) return undefined
  const builder = new SectionsBuilder(zone)
  for (const name of new Set(servers.map(([owner]) => owner))) builder.name(zone, TYPE.NS, ttl, name)
  builder.additional()
  for (const [name, address] of new Map(servers.map(server => [server.join(' '), server])).values())
    builder.address(name, ttl, Buffer.from(address, 'latin1'))
  return builder.build()
}
