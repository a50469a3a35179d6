import { octetsOfReverse } from '../dns/address.ts'
import { TYPE } from '../dns/codes.ts'
import { labelsOf, toKey } from '../dns/name.ts'
import { type Sections, SectionsBuilder } from '../dns/sections.ts'
import { AddressMap } from './address-map.ts'
import { endpointKey } from './endpoint-name.ts'
import { type Host, seen } from './host.ts'
import type { Known } from './known.ts'
import { placesIn } from './record.ts'

const REVERSE = [
  { zone: toKey('in-addr.arpa'), digits: 4 },
  { zone: toKey('ip6.arpa'), digits: 32 },
] as const

export const isReverse = (key: string): boolean => REVERSE.some(({ zone }) => key.endsWith(zone))

/** Which hosts an address belongs to. */
export class ReverseIndex {
  readonly #hosts = new AddressMap<Host>()
  /** Hosts that are not indexed yet: the index is made for the first PTR query, which most meshes never see. Undefined from then on. */
  #waiting: Set<Host> | undefined = new Set()
  readonly #ttl: number

  /** @param ttl of PTR records, in seconds */
  constructor(ttl: number) {
    this.#ttl = ttl
  }

  /** Endpoints and virtual addresses of a host. */
  add(host: Host): void {
    if (!this.#waiting) this.#index(host)
    else if (!host.empty) this.#waiting.add(host)
  }

  #index(host: Host): void {
    for (const { groups, vips } of host.everyRecord()) {
      for (const { addresses, size } of groups) this.#hosts.add(addresses, host, size)
      for (const vip of vips) this.#hosts.add(vip, host)
    }
  }

  delete(host: Host): void {
    if (this.#waiting?.delete(host)) return
    for (const { groups, vips } of host.everyRecord()) {
      for (const { addresses, size } of groups) this.#hosts.delete(addresses, host, size)
      for (const vip of vips) this.#hosts.delete(vip, host)
    }
  }

  /**
   * The name `key`, where it is the reverse name of a known address.
   * @param zone the zone that it is in, if the mesh is served as one
   * @param client as for {@link seen}
   */
  find(key: string, zone: string | undefined, client: string | undefined): Known | undefined {
    const octets = isReverse(key) && octetsOfReverse(key)
    if (!octets) return undefined
    const address = String.fromCharCode(...octets)
    for (const host of this.#waiting ?? []) this.#index(host)
    this.#waiting = undefined
    const hosts = this.#hosts.of(address).flatMap(host => seen(host, client) ?? [])
    const names = namesOf(
      address,
      hosts.filter(host => host.has(address)),
    )
    return names.length > 0 ? new ReverseName(zone ?? key, names, this.#ttl) : undefined
  }
}

/** Whether this is the reverse name of a network, below which there may be addresses. */
export const isNetwork = (key: string): boolean =>
  REVERSE.some(({ zone, digits }) => key.endsWith(zone) && labelsOf(key).length - 2 < digits)

/** What an address is called: the service whose virtual address it is, else its name as an endpoint; a ServiceEntry's host only where no Service has it. */
function namesOf(address: string, hosts: readonly Host[]): string[] {
  const services = hosts.filter(host => host.isService)
  const virtual = services.filter(host => host.everyVip().includes(address))
  const named = virtual.length > 0 ? virtual : services.length > 0 ? [] : hosts
  const names = named.length > 0 ? named.map(host => host.key) : services.flatMap(host => endpointNames(host, address))
  return [...new Set(names)]
}

/** By its hostnames, where one source at least knows one. */
function endpointNames(host: Host, address: string): string[] {
  const hostnames = host.groups.flatMap(group => placesIn(group, address).map(i => group.hostnames?.[i] ?? ''))
  const known = hostnames.filter(hostname => hostname !== '')
  return (known.length > 0 ? known : hostnames).map(hostname => endpointKey(host.key, address, hostname))
}

class ReverseName implements Known {
  readonly zone: string
  readonly #names: readonly string[]
  readonly #ttl: number

  constructor(zone: string, names: readonly string[], ttl: number) {
    this.zone = zone
    this.#names = names
    this.#ttl = ttl
  }

  records(type: number, key: string): Sections | undefined {
    if (type !== TYPE.PTR) return undefined
    const builder = new SectionsBuilder(key)
    for (const name of this.#names) builder.name(key, TYPE.PTR, this.#ttl, name)
    return builder.build()
  }
}
