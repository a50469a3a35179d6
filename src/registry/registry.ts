/**
 * The mesh as names: what all sources say, united, in the zones that it is served as. A tree of names in one map, so that a known name is
 * one lookup, and an unknown one as many as it has labels more than the closest name that exists.
 */
import { Authority } from '../answers/authority.ts'
import { ASTERISK, parentOf, ROOT, toKey } from '../dns/name.ts'
import { hashAbove, hashOf, type Name } from '../dns/name-hash.ts'
import { NameMap } from '../dns/name-map.ts'
import { ZoneSet } from '../dns/zone-map.ts'
import { AddressAnswers } from './address-answers.ts'
import { Clients } from './clients.ts'
import { Host, type HostOptions, seen } from './host.ts'
import type { Known } from './known.ts'
import { type ClientRecord, type HostRecord, isAbsolute, type MeshRecord } from './record.ts'
import { isNetwork, isReverse, ReverseIndex } from './reverse.ts'

const SVC = '\x03svc'

export interface RegistryOptions extends HostOptions {
  /** As text. Names in them exist in the registry or nowhere; reverse zones among them hold PTR records only. */
  readonly zones: readonly string[]
}

/** A name of the tree, which holds every name above it, too. */
export class TreeName implements Known {
  readonly key: string
  readonly parent: TreeName | undefined
  /** The zone that it is in; `''` outside of all. */
  readonly zone: string
  host: Host | undefined
  /** The host that answers for all names below this one without a host of their own: a wildcard. */
  wildcard: Host | undefined
  /** Names right below, and one more where the name is to stay. */
  children = 0

  constructor(key: string, parent: TreeName | undefined, zone: string) {
    this.key = key
    this.parent = parent
    this.zone = zone
  }

  records(): undefined {}
}

/** A name that is not known, in a zone that the registry knows all names of. */
export class Missing {
  readonly zone: string
  /** Whether it may hold other names, as the reverse name of a network does: it cannot be said not to exist (RFC 8020). */
  readonly holds: boolean

  constructor(zone: string, holds: boolean) {
    this.zone = zone
    this.holds = holds
  }
}

export class Registry {
  readonly authority: Authority
  /** Of what {@link find} would find, the addresses that were asked for before and need nothing else to be known. */
  readonly answers = new AddressAnswers()
  readonly #options: RegistryOptions
  readonly #zones: ZoneSet
  /** Keys of the zones that Services are named in, the first one being theirs in PTR records. */
  readonly #forward: readonly string[]
  readonly #names = new NameMap<TreeName>()
  readonly #reverse: ReverseIndex
  readonly #clients = new Clients()
  /** How many hosts are not the same for all clients. */
  #restricted = 0
  /** By zone. */
  readonly #missing: ReadonlyMap<string, Missing>
  readonly #networks: ReadonlyMap<string, Missing>

  constructor(options: RegistryOptions) {
    this.#options = options
    this.authority = new Authority(options.ttl)
    this.#reverse = new ReverseIndex(options.ttl)
    this.#zones = new ZoneSet(options.zones)
    this.#forward = options.zones.map(toKey).filter(zone => !isReverse(zone))
    const zones = [...this.#zones.values()]
    this.#missing = new Map(zones.map(zone => [zone, new Missing(zone, false)]))
    this.#networks = new Map(zones.map(zone => [zone, new Missing(zone, true)]))
    this.#name(ROOT).children++
    for (const zone of zones) this.#name(zone).children++
    for (const zone of this.#forward) this.#name(SVC + zone).children++
  }

  /** What `source` says under `id` from now on; `previous` is what it said before. */
  apply(source: number, id: string, record: MeshRecord | undefined, previous: MeshRecord | undefined): void {
    if ((record ?? previous)?.kind === 'Client')
      this.#clients.set(source, record as ClientRecord | undefined, previous as ClientRecord | undefined)
    else this.#applyHost(source, id, record as HostRecord | undefined, (previous as HostRecord | undefined)?.host)
  }

  #applyHost(source: number, id: string, record: HostRecord | undefined, previous: string | undefined): void {
    const host = record?.host ?? previous
    if (host === undefined) return
    if (previous !== undefined && previous !== host) this.#applyHost(source, id, undefined, previous)
    this.authority.touch()
    if (isAbsolute(host)) this.#apply(host, true, source, id, record)
    else for (const zone of this.#forward) this.#apply(host + zone, zone === this.#forward[0], source, id, record)
  }

  /** @param primary whether addresses are to be called by this name */
  #apply(key: string, primary: boolean, source: number, id: string, record: HostRecord | undefined): void {
    // In a zone with a long name.
    if (key.length > 255) return
    const wildcard = key.startsWith(ASTERISK)
    const name = this.#name(wildcard ? parentOf(key) : key)
    const held = wildcard ? name.wildcard : name.host
    const answers = wildcard ? undefined : this.answers
    const host = held ?? new Host(name.key, name.zone || name.key, wildcard, this.#options, answers)
    const named = primary && !wildcard
    if (named && held) this.#reverse.delete(host)
    this.#restricted -= Number(host.restricted)
    host.set(source, id, record)
    this.#restricted += Number(host.restricted)
    if (named) this.#reverse.add(host)
    const present = host.empty ? undefined : host
    if (wildcard) name.wildcard = present
    else name.host = present
    this.#prune(name)
  }

  /** The name in the tree, put there with all names above it where it is not yet. */
  #name(key: string, hash = hashOf(key)): TreeName {
    const known = this.#names.get(key, hash)
    if (known) return known
    const parent = key === ROOT ? undefined : this.#above(key, hash)
    const name = new TreeName(key, parent, this.#zones.find(key, hash) ?? '')
    if (parent) parent.children++
    this.#names.set(key, name, hash)
    return name
  }

  #above(key: string, hash: number): TreeName {
    const above = hashAbove(hash, key, 0)
    return this.#names.get(key, above, 1 + key.charCodeAt(0)) ?? this.#name(parentOf(key), above)
  }

  /** Removes a name that has nothing any more from the tree, and the names above it that had only this one. */
  #prune(name: TreeName): void {
    for (let at: TreeName | undefined = name; at && !at.host && !at.wildcard && at.children === 0; at = at.parent) {
      this.#names.delete(at.key)
      if (at.parent) at.parent.children--
    }
  }

  /** Whether it matters who asks: some hosts are not the same for all clients. */
  get restricted(): boolean {
    return this.#restricted > 0
  }

  /** The namespace of a client. @param address as text @returns `''` where it is not known */
  namespaceOf(address: string): string {
    return this.#clients.namespaceOf(address)
  }

  /**
   * What has this name; a `Missing` one where the registry knows that nothing has, undefined where it does not.
   * @param client where it matters who asks: the {@link namespaceOf} the client
   */
  find(name: Name, client?: string): Known | Missing | undefined {
    const exact = this.#names.get(name.key, name.hash)
    return seen(exact?.host, client) ?? this.#seek(name, exact, client)
  }

  /** The longest name that exists, at or above `key`, whoever may see it. */
  closest(key: string): TreeName {
    return this.#names.get(key) ?? this.closest(parentOf(key))
  }

  /** A host as it is for all clients together. @param seen the same as one of them sees it */
  whole({ key, wildcard }: Host): Host | undefined {
    const name = this.#names.get(key)
    return wildcard ? name?.wildcard : name?.host
  }

  #seek({ key, hash }: Name, exact: TreeName | undefined, client: string | undefined): Known | Missing | undefined {
    let name = exact
    let depth = 0
    for (let cut = 0; name === undefined; depth++) {
      hash = hashAbove(hash, key, cut)
      cut += 1 + key.charCodeAt(cut)
      name = this.#names.get(key, hash, cut)
    }
    const known = nearHost(key, name, depth, client) ?? underWildcard(key, exact ? name.parent : name, client)
    if (known) return known
    if (exact && exact.zone !== '' && (exact.children > 0 || seen(exact.wildcard, client))) return exact
    return (
      this.#reverse.find(key, name.zone || undefined, client) ?? (isNetwork(key) ? this.#networks : this.#missing).get(name.zone)
    )
  }
}

/** A name one or two labels below a host. @param name the closest one in the tree, `depth` labels above */
function nearHost(key: string, name: TreeName, depth: number, client: string | undefined): Known | undefined {
  if (depth === 2) {
    const host = seen(name.host, client)
    return host && portName(key, host, name.key)
  }
  const above = depth === 0 ? name.parent : depth === 1 ? name : undefined
  return above && seen(above.host, client)?.below([labelAt(key, 0)], above.key)
}

/** The most specific wildcard at or above `name`; any number of labels may stand for its `*`, as in Istio. */
function underWildcard(key: string, name: TreeName | undefined, client: string | undefined): Known | undefined {
  for (let at = name; at; at = at.parent) {
    const wildcard = seen(at.wildcard, client)
    if (!wildcard) continue
    const base = parentOf(parentOf(key))
    return (base.length > at.key.length && portName(key, wildcard, base)) || wildcard
  }
  return undefined
}

const portName = (key: string, host: Host, base: string): Known | undefined =>
  key.charAt(1) === '_' ? host.below([labelAt(key, 0), labelAt(key, 1 + key.charCodeAt(0))], base) : undefined

const labelAt = (key: string, at: number): string => key.slice(at + 1, at + 1 + key.charCodeAt(at))
