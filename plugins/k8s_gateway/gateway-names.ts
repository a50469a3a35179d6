import { Buffer } from 'node:buffer'
import { Authority } from '#src/answers/authority.ts'
import { answerTargets } from '#src/answers/targets.ts'
import { addressRecords } from '#src/dns/address-records.ts'
import { CLASS, TYPE } from '#src/dns/codes.ts'
import { sized } from '#src/dns/master-file/octets.ts'
import { isUnder, keyBelow, ROOT, toKey } from '#src/dns/name.ts'
import { NO_RECORDS, type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { ZoneMap, ZoneSet } from '#src/dns/zone-map.ts'
import { Answers } from '#src/feeds/cluster-index/answers.ts'
import { localAddresses } from '#src/feeds/cluster-index/local-addresses.ts'
import {
  answer,
  type Handler,
  type Instance,
  type Logger,
  nameError,
  noData,
  notReady,
  type Query,
  type Reply,
  refused,
  type ServerBlock,
  shuffled,
} from '#src/plugin.ts'
import { Clusters } from './clusters.ts'
import { explainFound, explainNothing } from './explain.ts'
import { type Found, findExact, findHost, together } from './find.ts'
import { exportMetrics } from './metrics.ts'
import type { Options } from './options.ts'
import { Zone } from './zone.ts'

/** Places and texts that are kept, as they were found under names; when there are more, all go. Under each name below a host with `*` there may be many. */
const MOST_PLACES = 20_000

export class GatewayNames implements Instance {
  readonly #options: Options
  readonly #block: ServerBlock
  readonly #log: Logger
  readonly #zones: ZoneMap<Zone>
  readonly #fallthrough: ZoneSet
  readonly #authority: Authority
  readonly #answers = new Answers<Zone>()
  /** Where this process is reached, as octets. */
  #addresses: readonly string[] = []
  #clusters: Clusters | undefined
  /** What was found under names by this version of the clusters. */
  readonly #found = new Map<string, Found>()
  /** How many places and texts are in there. */
  #places = 0
  #version = 0

  constructor(options: Options, block: ServerBlock) {
    const { zones, apex, ttl, fallthrough } = options
    this.#options = options
    this.#block = block
    this.#log = block.log('k8s_gateway')
    exportMetrics(block.server.metrics)
    this.#zones = new ZoneMap(zones.map(toKey).map(key => [key, new Zone(key, options)]))
    this.#fallthrough = new ZoneSet(fallthrough)
    this.#authority = new Authority(ttl, { server: apex, mailbox: zone => keyBelow(['hostmaster'], apex(zone)) })
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#addresses = localAddresses(this.#block.bind)
    this.#clusters = await Clusters.open(this.#options, this.#block, this.#log, signal)
  }

  serving(): void {
    // Once, for all threads.
    if (this.ready() !== true && this.#block.server.control) this.#log.warn('starting server with unsynced Kubernetes API')
  }

  ready(): true | string {
    return this.#clusters?.waiting() ?? true
  }

  async stop(): Promise<void> {
    await this.#clusters?.close()
  }

  explain({ key }: Query): string[] {
    const zone = this.#zones.find(key)
    if (!zone) return ['this is a name in none of its zones']
    const state = this.ready()
    const found = this.#find(key, zone)
    const bare = this.#bare(key, zone)
    const known = found
      ? explainFound(this.#clusters!, this.#options, found, key, bare)
      : explainNothing(this.#clusters!, this.#options, key, bare)
    return state === true ? known : [state, ...known]
  }

  wrap(next: Handler): Handler {
    const answers = this.#answers
    return query => {
      if (query.class !== CLASS.IN) return next(query)
      const held = answers.get(query, 0)
      const records = held?.records(query.type)
      if (records) return this.#reply(records, held!.zone, query)
      const zone = this.#zones.find(query.key, query.hash)
      return zone ? this.#answer(query, zone, next) : next(query)
    }
  }

  #reply(records: Sections, zone: Zone, { key }: Query): Reply {
    if (records === NO_RECORDS) return noData(this.#soa.negative(zone.key, key))
    return shuffled(records)
  }

  get #soa(): Authority {
    this.#authority.touch(this.#clusters!.modified)
    return this.#authority
  }

  #answer(query: Query, zone: Zone, next: Handler): Reply | PromiseLike<Reply> {
    const { key, type } = query
    if (type === TYPE.AXFR || type === TYPE.IXFR) return refused()
    if (key === zone.key && (type === TYPE.SOA || type === TYPE.NS)) {
      if (this.#fallthrough.has(key)) return next(query)
      return answer(type === TYPE.SOA ? this.#soa.answer(key) : this.#nameServers(zone))
    }
    const found = this.#find(key, zone)
    return found ? this.#records(found, query, zone, next) : this.#missing(query, zone, next)
  }

  #find(key: string, zone: Zone): Found | undefined {
    if (zone.servers.includes(key)) return this.#findServer(key, zone)
    const { version } = this.#clusters!
    if (version !== this.#version || this.#places > MOST_PLACES) {
      this.#found.clear()
      this.#places = 0
    }
    this.#version = version
    const held = this.#found.get(key)
    if (held) return held
    const found = findHost(this.#clusters!, this.#options, key, this.#bare(key, zone))
    if (found && !found.fleeting) {
      this.#found.set(key, found)
      this.#places += found.addresses.size + found.targets.size + found.texts.size
    }
    return found
  }

  /** The key of the labels before the zone, under which Services and Nodes have the name, too. */
  #bare(key: string, zone: Zone): string {
    const bare = zone.bare(key)
    // A name in some zone is not meant to be below another one, unless it is that of a name server there.
    return this.#zones.find(bare) && !zone.servers.includes(key) ? ROOT : bare
  }

  /** As the Service that it is called after, else, where it is this server, at its own addresses. */
  #findServer(key: string, zone: Zone): Found | undefined {
    const found = findExact(this.#clusters!, this.#options, key, this.#bare(key, zone))
    if (found || key !== zone.servers[0] || this.#addresses.length === 0) return found
    return { ...together(key, []), addresses: new Set(this.#addresses) }
  }

  #isAboveServer(key: string, zone: Zone): boolean {
    return zone.servers.some(server => isUnder(server, key) && this.#findServer(server, zone))
  }

  #nameServers(zone: Zone): Sections {
    const { ttl } = this.#options
    const builder = new SectionsBuilder(zone.key)
    for (const server of zone.servers) builder.name(zone.key, TYPE.NS, ttl, server)
    builder.additional()
    for (const server of zone.servers) {
      // One that is called elsewhere is for others to tell.
      const own = this.#zones.find(server)
      const addresses = own && this.#findServer(server, own)?.addresses
      for (const address of addresses ?? []) builder.address(server, ttl, Buffer.from(address, 'latin1'))
    }
    return builder.build()
  }

  #records(found: Found, query: Query, zone: Zone, next: Handler): Reply | PromiseLike<Reply> {
    const { key, type } = query
    const { ttl } = this.#options
    if (type === TYPE.TXT) return this.#reply(textRecords(found, key, ttl), zone, query)
    if (type !== TYPE.A && type !== TYPE.AAAA) return this.#reply(NO_RECORDS, zone, query)
    const { addresses, targets, fleeting } = found
    const own = [...addresses].filter(({ length }) => length === (type === TYPE.A ? 4 : 16))
    if (targets.size > 0) {
      // A place may be called as the host itself, or be covered by it: then only others know it.
      const resolve: Handler = target => (this.#leadsBack(target.key, found) ? next(target) : this.#block.resolve(target))
      return answerTargets(query, [...targets], addressRecords(key, own, ttl), ttl, resolve).then(
        reply => reply ?? this.#reply(NO_RECORDS, zone, query),
      )
    }
    if (fleeting) return this.#reply(addressRecords(key, own, ttl) ?? NO_RECORDS, zone, query)
    const held = this.#answers.get(query, 0) ?? this.#answers.add(key, zone, this.#clusters!, 0)
    return this.#reply(held.compile([{ ports: [], addresses: own, owner: () => key }], type, ttl), zone, query)
  }

  #leadsBack(target: string, found: Found): boolean {
    const zone = this.#zones.find(target)
    return zone !== undefined && this.#find(target, zone)?.host === found.host
  }

  /** Nothing leads anywhere from this name. */
  #missing(query: Query, zone: Zone, next: Handler): Reply | PromiseLike<Reply> {
    const { key } = query
    const state = this.ready()
    // It may be among what is not read yet, and what others know of it would be remembered.
    if (state !== true) return notReady(state)
    if (this.#fallthrough.has(key)) return next(query)
    const exists = key === zone.key || this.#clusters!.isAbove(key, zone.bare(key)) || this.#isAboveServer(key, zone)
    return exists ? this.#reply(NO_RECORDS, zone, query) : nameError(this.#soa.negative(zone.key, key))
  }
}

/** Texts of more than 255 octets are several strings (RFC 1035 §3.3.14). */
function textRecords({ texts }: Found, key: string, ttl: number): Sections {
  if (texts.size === 0) return NO_RECORDS
  const builder = new SectionsBuilder(key)
  for (const text of texts) {
    const pieces = Buffer.from(text)
      .toString('latin1')
      .match(/[\s\S]{1,255}/g)!
    builder.octets(key, TYPE.TXT, ttl, pieces.map(piece => sized(piece, 'TEXT')).join(''))
  }
  return builder.build()
}
