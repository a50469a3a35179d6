import { AddressRecords, addressOctets, fittingAddresses } from '../dns/address-records.ts'
import { TYPE } from '../dns/codes.ts'
import { keyOf } from '../dns/name.ts'
import type { Sections } from '../dns/sections.ts'
import type { AddressAnswers } from './address-answers.ts'
import { addressOfLabel, EndpointName } from './endpoint-name.ts'
import { type Beyond, EmptyName, type Known } from './known.ts'
import { beyondOf, countingOf, firstVips, isContested, type Part } from './parts.ts'
import { PortName } from './port-name.ts'
import { addressesOf, type EndpointGroup, endpointsOf, type HostRecord, isIn, type Port, type Target } from './record.ts'
import { isRestricted, isVisible, tellersOf } from './visibility.ts'

/** How a registry answers for its hosts. */
export interface HostOptions {
  /** The addresses of hosts that have virtual ones. */
  readonly answer: 'endpoints' | 'vip'
  /** Of every record, in seconds. */
  readonly ttl: number
}

const NONE: readonly never[] = []

/** A host, with what all sources say of it. Answers are compiled when they are first asked for, and dropped with any change. */
export class Host implements Known {
  /** For a wildcard, the name that all its names are below. */
  readonly key: string
  readonly zone: string
  readonly wildcard: boolean
  readonly options: HostOptions
  readonly #answers: AddressAnswers | undefined
  /** The namespace of the clients whose view this is; `''` for that of all others. */
  readonly #client: string
  beyond: Beyond | undefined
  /** The virtual addresses that stand for the host; none where its endpoints do. */
  vips: readonly string[] = []
  groups: readonly EndpointGroup[] = []
  /** Whether it is not the same for all clients. */
  restricted = false
  /** In the order of the sources. */
  #parts: readonly Part[] = []
  /** The parts that count. */
  #counting: readonly Part[] = []
  /** Its address records as octets, compiled when they are first asked for; `''` where there are none. */
  #ipv4: string | undefined
  #ipv6: string | undefined
  /** Made when there is something to keep: most hosts are never asked for. */
  #below: Map<string, Known> | undefined
  #hostnames: Map<string, string[]> | undefined
  /** As clients of a namespace see it, where it is not the same for all. */
  #views: Map<string, Host | undefined> | undefined

  /** @param answers is given its addresses, too, while they are the answer for every client */
  constructor(key: string, zone: string, wildcard: boolean, options: HostOptions, answers?: AddressAnswers, client = '') {
    this.key = key
    this.zone = zone
    this.wildcard = wildcard
    this.options = options
    this.#answers = answers
    this.#client = client
  }

  /** Replaces what `source` says under `id`. */
  set(source: number, id: string, record: HostRecord | undefined): void {
    const others = this.#parts.filter(part => part.source !== source || part.id !== id)
    this.#have(record ? others.concat({ source, id, record }).sort((a, b) => a.source - b.source) : others)
  }

  #have(parts: readonly Part[]): void {
    this.#parts = parts
    const counting = countingOf(this.#parts, this.#client)
    this.#counting = counting
    this.vips = this.options.answer === 'vip' ? firstVips(counting) : NONE
    this.beyond = this.vips.length > 0 ? undefined : beyondOf(counting)
    this.groups = counting.length === 1 ? counting[0]!.record.groups : counting.flatMap(({ record }) => record.groups)
    if (this.#ipv4 || this.#ipv6) this.#answers?.delete(this.key)
    this.#ipv4 = undefined
    this.#ipv6 = undefined
    this.#below = undefined
    this.#hostnames = undefined
    this.restricted = this.#parts.some(({ record }) => isRestricted(record.exportTo)) || isContested(this.#parts)
    this.#views = undefined
  }

  /** The host as clients of a namespace see it. @param client the namespace, `''` if it is not known @returns undefined if they do not see it */
  seenFrom(client: string): Host | undefined {
    if (!this.restricted) return this
    this.#views ??= new Map()
    if (!this.#views.has(client)) this.#views.set(client, this.#view(client))
    return this.#views.get(client)
  }

  #view(client: string): Host | undefined {
    const tellers = tellersOf(this.#parts.map(({ record }) => record))
    const visible = this.#parts.filter(({ record }) => tellers(record).some(teller => isVisible(teller, client)))
    if (visible.length === 0) return undefined
    if (visible.length === this.#parts.length && !visible.some(({ record }) => record.namespace === client)) return this
    const view = new Host(this.key, this.zone, this.wildcard, this.options, undefined, client)
    view.#have(visible)
    return view
  }

  get host(): Host {
    return this
  }

  /** What is said of it, in the order of the sources. */
  get parts(): readonly Part[] {
    return this.#parts
  }

  /** Whether what is said in `record` is what it is answered with. */
  counts(record: HostRecord): boolean {
    return this.#counting.some(part => part.record === record)
  }

  get empty(): boolean {
    return this.#parts.length === 0
  }

  get isService(): boolean {
    return this.#counting[0]?.record.kind === 'Service'
  }

  /** The ports of the service itself. */
  get ports(): Port[] {
    return this.#counting.flatMap(({ record }) => record.ports)
  }

  get targets(): Target[] {
    return this.#counting.flatMap(({ record }) => record.targets)
  }

  /** The virtual addresses, in either mode. */
  everyVip(): readonly string[] {
    const { length, 0: only } = this.#counting
    return length === 1 ? only!.record.vips : this.#counting.flatMap(({ record }) => record.vips)
  }

  /** Records of all addresses that it has for any client. */
  everyRecord(): readonly HostRecord[] {
    return (this.restricted ? this.#parts : this.#counting).map(({ record }) => record)
  }

  /** Whether this is an address of it, virtual or not, in either mode. */
  has(address: string): boolean {
    return this.everyVip().includes(address) || this.groups.some(group => isIn(address, group))
  }

  records(type: number, key: string): Sections | undefined {
    const octets = type === TYPE.A ? this.#octets4() : type === TYPE.AAAA ? this.#octets6() : ''
    return octets === '' ? undefined : new AddressRecords(key, octets)
  }

  #octets4(): string {
    this.#ipv4 ??= this.#compile(4)
    return this.#ipv4
  }

  #octets6(): string {
    this.#ipv6 ??= this.#compile(16)
    return this.#ipv6
  }

  #compile(size: 4 | 16): string {
    const endpoints = this.groups.values().filter(group => group.size === size)
    const addresses = this.vips.length > 0 ? this.vips : endpoints.flatMap(addressesOf)
    const octets = addressOctets(fittingAddresses(addresses, size), this.options.ttl)
    if (octets !== '' && !this.restricted && !this.beyond)
      this.#answers?.set(this.key, size, new AddressRecords(this.key, octets))
    return octets
  }

  /**
   * A name below this one: `HOSTNAME`, `DASHED-ADDRESS`, `_PROTOCOL`, or `_PORT` and `_PROTOCOL`.
   * @param base the key of the name that the labels stand before: under a wildcard not the host's own
   */
  below(labels: readonly [string] | readonly [string, string], base: string): Known | undefined {
    if (this.beyond?.kind === 'elsewhere') return undefined
    const name = keyOf(labels, '')
    const held = this.#below?.get(name)
    if (held) return held
    const [first, second] = labels
    const known =
      second === undefined ? (this.#protocolName(first) ?? this.#endpointName(first)) : this.#portName(first, second, base)
    if (known && !this.wildcard) {
      this.#below ??= new Map()
      this.#below.set(name, known)
    }
    return known
  }

  #portName(name: string, protocol: string, base: string): Known | undefined {
    const known = this.ports.some(port => port.name !== '' && `_${port.name}` === name && `_${port.protocol}` === protocol)
    return known ? new PortName(this, base, name.slice(1), protocol.slice(1)) : undefined
  }

  #protocolName(label: string): Known | undefined {
    return this.ports.some(port => port.name !== '' && `_${port.protocol}` === label) ? new EmptyName(this) : undefined
  }

  #endpointName(label: string): Known | undefined {
    this.#hostnames ??= byHostname(this.groups)
    const addresses = [...(this.#hostnames.get(label) ?? [])]
    const address = addressOfLabel(label)
    if (address !== undefined && this.groups.some(group => isIn(address, group))) addresses.push(address)
    return addresses.length > 0 ? new EndpointName(this, addresses) : undefined
  }
}

/** The host as a client sees it. @param client its namespace, `''` if it is not known; undefined if it does not matter */
export const seen = (host: Host | undefined, client: string | undefined): Host | undefined =>
  client === undefined ? host : host?.seenFrom(client)

function byHostname(groups: readonly EndpointGroup[]): Map<string, string[]> {
  const hostnames = new Map<string, string[]>()
  for (const group of groups) {
    for (const [address, hostname] of endpointsOf(group)) {
      if (hostname === '') continue
      const addresses = hostnames.get(hostname)
      if (addresses) addresses.push(address)
      else hostnames.set(hostname, [address])
    }
  }
  return hostnames
}
