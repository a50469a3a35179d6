import { answerAlias } from '#src/answers/alias.ts'
import { octetsOfReverse } from '#src/dns/address.ts'
import { CLASS, FLAG, TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { NO_RECORDS, type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { type ZoneMap, ZoneSet } from '#src/dns/zone-map.ts'
import { Answers } from '#src/feeds/cluster-index/answers.ts'
import { type Batch, batchRecords } from '#src/feeds/cluster-index/batch.ts'
import { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import { localAddresses } from '#src/feeds/cluster-index/local-addresses.ts'
import type { OpenIndex } from '#src/feeds/cluster-index/open-indexes.ts'
import {
  answer,
  type Handler,
  type Instance,
  type Logger,
  type MetadataReader,
  nameError,
  noData,
  notReady,
  type Query,
  type Reply,
  refused,
  type ServerBlock,
  shuffled,
} from '#src/plugin.ts'
import { isNetwork, isReverse } from '#src/registry/reverse.ts'
import { watch } from './cluster-watch.ts'
import { explain } from './explain.ts'
import { findImport, findService } from './find.ts'
import { metadataReader } from './metadata.ts'
import { type Name, readName, type ServiceName } from './name.ts'
import { nameServerRecords, nameServers } from './name-servers.ts'
import type { Options } from './options.ts'
import { findPod } from './pod-name.ts'
import { reverseNames } from './reverse-names.ts'
import { serviceKey } from './service-key.ts'
import { type Zone, zonesOf } from './zone.ts'

/** The version of the DNS specification of Kubernetes that names follow, and how long it is kept, in seconds. */
const VERSION = { text: '1.1.0', ttl: 28_800 }

export class Kubernetes implements Instance {
  readonly #options: Options
  readonly #block: ServerBlock
  readonly #log: Logger
  readonly #view: ClusterView
  readonly #zones: ZoneMap<Zone>
  /** The zone that addresses are called in. */
  readonly #primary: string
  readonly #fallthrough: ZoneSet
  readonly #answers = new Answers<Zone>()
  #opened: OpenIndex | undefined

  constructor(options: Options, block: ServerBlock) {
    this.#options = options
    this.#block = block
    this.#log = block.log('kubernetes')
    this.#view = new ClusterView({ ...options, pods: options.pods === 'verified' })
    this.#zones = zonesOf(this.#view, options)
    this.#primary = options.zones.map(toKey).find(zone => !isReverse(zone))!
    this.#fallthrough = new ZoneSet(options.fallthrough)
    block.cluster = this.#view
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#view.addresses = localAddresses(this.#block.bind)
    this.#opened = await watch(this.#options, this.#block, this.#log, this.#view, signal)
  }

  serving(): void {
    // Once, for all threads.
    if (this.ready() !== true && this.#block.server.control) this.#log.warn('starting server with unsynced Kubernetes API')
  }

  ready(): true | string {
    return this.#view.waiting() ?? true
  }

  metadata(label: string): MetadataReader | undefined {
    return metadataReader(label, this.#view, this.#zones)
  }

  explain({ key, hash }: Query): string[] {
    const state = this.ready()
    const zone = this.#zones.find(key, hash)
    const known = zone ? explain(this.#view, zone, key) : ['this is a name in none of its zones']
    return state === true ? known : [state, ...known]
  }

  async stop(): Promise<void> {
    if (!this.#opened) return
    const { closeIndex } = await import('#src/feeds/cluster-index/open-indexes.ts')
    closeIndex(this.#opened, this.#view)
    this.#opened = undefined
  }

  wrap(next: Handler): Handler {
    const answers = this.#answers
    const view = this.#view
    return query => {
      if (query.class !== CLASS.IN) return next(query)
      const held = answers.get(query, view.index.epoch)
      const records = held?.records(query.type)
      if (records) return this.#reply(records, held!.zone, query)
      const zone = this.#zones.find(query.key, query.hash)
      return zone ? this.#answer(query, zone, next) : next(query)
    }
  }

  #reply(records: Sections, zone: Zone, { key }: Query): Reply {
    if (records === NO_RECORDS) return noData(zone.authority.negative(zone.key, key))
    return shuffled(records)
  }

  #answer(query: Query, zone: Zone, next: Handler): Reply | PromiseLike<Reply> {
    const { key, type } = query
    const { ttl } = this.#options
    if (type === TYPE.AXFR || type === TYPE.IXFR) return refused()
    if (type === TYPE.SOA) return key === zone.key ? answer(zone.authority.answer(key)) : this.#reply(NO_RECORDS, zone, query)
    if (key === zone.key) {
      const servers = type === TYPE.NS ? nameServerRecords(nameServers(this.#view, key), key, ttl) : undefined
      return this.#reply(servers ?? NO_RECORDS, zone, query)
    }
    if (isReverse(key)) return this.#reverse(query, zone, next)
    const labels = zone.labels(key)
    const own = this.#ownName(labels, zone, query)
    if (own) return this.#reply(own, zone, query)
    const name = readName(labels, zone)
    return (name && this.#find(name, query, zone)) ?? this.#missing(query, zone, next)
  }

  /** The records of the names that this server has itself; none for a type that they do not have, undefined for other names. */
  #ownName(labels: readonly string[], zone: Zone, { key, type }: Query): Sections | undefined {
    const name = labels.length > 2 ? '' : labels.join(' ')
    if (name === 'dns-version')
      return type === TYPE.TXT ? new SectionsBuilder(key).strings(key, type, VERSION.ttl, [VERSION.text]).build() : NO_RECORDS
    if (name === 'dns') return NO_RECORDS
    if (name !== 'ns dns') return undefined
    const addresses = nameServers(this.#view, zone.key).map(([, address]) => address)
    const batch = { ports: [], addresses, owner: () => key }
    return batchRecords([batch], type, key, this.#options.ttl) ?? NO_RECORDS
  }

  #find(name: Name, query: Query, zone: Zone): Reply | PromiseLike<Reply> | undefined {
    if (name.kind === 'empty') return this.#reply(NO_RECORDS, zone, query)
    if (!this.#view.exposes(name.namespace)) return undefined
    const { pods, ttl } = this.#options
    if (name.kind === 'namespace')
      return name.of === 'pod' && pods === 'disabled' ? undefined : this.#reply(NO_RECORDS, zone, query)
    if (name.kind === 'service') return this.#findService(name, query, zone)
    const batches = findPod(this.#view, pods, name.namespace, name.label, query.key)
    return batches && this.#reply(batchRecords(batches, query.type, query.key, ttl) ?? NO_RECORDS, zone, query)
  }

  #findService(name: ServiceName, query: Query, zone: Zone): Reply | PromiseLike<Reply> | undefined {
    const { services, imports, epoch } = this.#view.index
    const base = serviceKey(name, zone.key)
    const node = zone.multicluster ? undefined : services.find(name.namespace, name.name)
    const imported = zone.multicluster ? imports.find(name.namespace, name.name) : undefined
    const found = node
      ? findService(node, name, base, this.#options)
      : imported && findImport(imported, name, base, this.#options)
    if (!found) return undefined
    const { key, type } = query
    if ('alias' in found) return this.#alias(found.alias, query, zone)
    const held = this.#answers.get(query, epoch) ?? this.#answers.add(key, zone, (node ?? imported)!, epoch)
    return this.#reply(held.compile(found as readonly Batch[], type, this.#options.ttl), zone, query)
  }

  #alias(target: string, query: Query, zone: Zone): Reply | PromiseLike<Reply> {
    const { type, key } = query
    const follows = (type === TYPE.A || type === TYPE.AAAA) && target !== key
    if (!follows && type !== TYPE.CNAME) return this.#reply(NO_RECORDS, zone, query)
    return answerAlias(query, target, this.#options.ttl, this.#block.resolve)
  }

  #reverse(query: Query, zone: Zone, next: Handler): Reply | PromiseLike<Reply> {
    const { key, type } = query
    const octets = octetsOfReverse(key)
    const names = octets ? reverseNames(this.#view, String.fromCharCode(...octets), this.#primary) : []
    if (names.length === 0) return this.#missing(query, zone, next)
    if (type !== TYPE.PTR) return this.#reply(NO_RECORDS, zone, query)
    const builder = new SectionsBuilder(key)
    for (const name of names) builder.name(key, TYPE.PTR, this.#options.ttl, name)
    return answer(builder.build())
  }

  /** There is no such name. */
  #missing(query: Query, zone: Zone, next: Handler): Reply | PromiseLike<Reply> {
    const { key } = query
    if (this.#fallthrough.has(key)) return next(query)
    const soa = zone.authority.negative(zone.key, key)
    const state = this.ready()
    // It may be among what is not read yet, and a name error would be remembered.
    if (state !== true) return Object.assign(notReady(state), { flags: FLAG.AA, sections: soa })
    // The reverse name of a network may have names of addresses below it (RFC 8020).
    return isNetwork(key) ? noData(soa) : nameError(soa)
  }
}
