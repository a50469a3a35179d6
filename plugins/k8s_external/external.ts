import { answerAlias } from '#src/answers/alias.ts'
import { Authority } from '#src/answers/authority.ts'
import { octetsOfReverse } from '#src/dns/address.ts'
import { CLASS, TYPE } from '#src/dns/codes.ts'
import { isUnder, keyBelow, labelsOf, toKey } from '#src/dns/name.ts'
import { NO_RECORDS, type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import { Answers } from '#src/feeds/cluster-index/answers.ts'
import { batchRecords } from '#src/feeds/cluster-index/batch.ts'
import type { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import {
  answer,
  type Handler,
  type Instance,
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
import { aliasOf, findExternal } from './find.ts'
import { ownAddresses } from './own-addresses.ts'

export interface Options {
  /** As text. */
  readonly zones: readonly string[]
  /** Labels of the name below each zone that the name server is below. */
  readonly apex: readonly string[]
  /** Seconds. */
  readonly ttl: number
  /** Whether headless Services are answered with their endpoints. */
  readonly headless: boolean
  /** Zones whose unknown names go to the next plugin. */
  readonly fallthrough: readonly string[]
}

export class External implements Instance {
  readonly #options: Options
  readonly #block: ServerBlock
  readonly #zones: ZoneSet
  /** The zone that addresses are called in. */
  readonly #primary: string
  readonly #fallthrough: ZoneSet
  readonly #authority: Authority
  readonly #answers = new Answers<string>()

  constructor(options: Options, block: ServerBlock) {
    const { zones, apex, ttl, fallthrough } = options
    this.#options = options
    this.#block = block
    this.#zones = new ZoneSet(zones)
    this.#primary = zones.map(toKey).find(zone => !isReverse(zone))!
    this.#fallthrough = new ZoneSet(fallthrough)
    this.#authority = new Authority(ttl, {
      server: zone => keyBelow(['ns1', ...apex], zone),
      mailbox: zone => keyBelow(['hostmaster', ...apex], zone),
    })
  }

  wrap(next: Handler): Handler {
    const view = this.#block.cluster!
    return query => {
      if (query.class !== CLASS.IN) return next(query)
      const held = this.#answers.get(query, view.index.epoch)
      const records = held?.records(query.type)
      if (records) return this.#reply(records, held!.zone, query)
      const zone = this.#zones.find(query.key)
      return zone === undefined ? next(query) : this.#answer(query, zone, view, next)
    }
  }

  #reply(records: Sections, zone: string, { key }: Query): Reply {
    if (records === NO_RECORDS) return noData(this.#soa(zone, key))
    return shuffled(records)
  }

  #soa(zone: string, key: string): Sections {
    const { internal, external } = this.#block.cluster!.index.modified
    this.#authority.touch(this.#options.headless ? Math.max(internal, external) : external)
    return this.#authority.negative(zone, key)
  }

  #answer(query: Query, zone: string, view: ClusterView, next: Handler): Reply | PromiseLike<Reply> {
    const { key, type } = query
    if (type === TYPE.AXFR || type === TYPE.IXFR) return refused()
    if (key === zone) return this.#atZone(query, zone, view)
    const apex = keyBelow(this.#options.apex, zone)
    if (isUnder(key, apex)) return this.#atApex(query, zone, apex, view)
    const found = isReverse(key) ? this.#reverse(query, zone, view) : this.#service(query, zone, view)
    return found ?? this.#missing(query, zone, view, next)
  }

  #atZone(query: Query, zone: string, view: ClusterView): Reply {
    const { type } = query
    const soa = this.#soa(zone, zone)
    if (type === TYPE.SOA) return answer(this.#authority.answer(zone))
    if (type !== TYPE.NS) return noData(soa)
    const { ttl, apex } = this.#options
    const server = keyBelow(['ns1', ...apex], zone)
    const builder = new SectionsBuilder(zone).name(zone, TYPE.NS, ttl, server).additional()
    for (const address of ownAddresses(view, this.#options.headless)) builder.address(server, ttl, Buffer.from(address, 'latin1'))
    return answer(builder.build())
  }

  /** The name server's own name, and those that it is below. */
  #atApex(query: Query, zone: string, apex: string, view: ClusterView): Reply {
    const { key, type } = query
    if (key === apex) return this.#reply(NO_RECORDS, zone, query)
    if (key !== keyBelow(['ns1'], apex)) return nameError(this.#soa(zone, key))
    const batch = { ports: [], addresses: [...ownAddresses(view, this.#options.headless)], owner: () => key }
    return this.#reply(batchRecords([batch], type, key, this.#options.ttl) ?? NO_RECORDS, zone, query)
  }

  #service(query: Query, zone: string, view: ClusterView): Reply | PromiseLike<Reply> | undefined {
    const { key, type } = query
    const { headless, ttl } = this.#options
    const labels = labelsOf(key)
    labels.length -= labelsOf(zone).length
    const [namespace, name] = [labels.pop()!, labels.pop()]
    if (!view.exposes(namespace)) return undefined
    if (name === undefined) return this.#reply(NO_RECORDS, zone, query)
    const node = view.index.services.find(namespace, name)
    const base = keyBelow([name, namespace], zone)
    const found = node && findExternal(node, labels, base, { headless, podNames: view.podNames })
    if (!found) return undefined
    const alias = aliasOf(found)
    if (alias !== undefined && (type === TYPE.A || type === TYPE.AAAA || type === TYPE.CNAME))
      return answerAlias(query, alias, ttl, this.#block.resolve)
    const held = this.#answers.get(query, view.index.epoch) ?? this.#answers.add(key, zone, node, view.index.epoch)
    return this.#reply(held.compile(found, type, ttl), zone, query)
  }

  #reverse(query: Query, zone: string, view: ClusterView): Reply | undefined {
    const { key, type } = query
    const octets = octetsOfReverse(key)
    if (!octets) return undefined
    const nodes = view.index.byExternal.of(String.fromCharCode(...octets)).filter(node => view.exposes(node.namespace))
    if (nodes.length === 0) return undefined
    if (type !== TYPE.PTR) return this.#reply(NO_RECORDS, zone, query)
    const builder = new SectionsBuilder(key)
    for (const { name, namespace } of nodes)
      builder.name(key, type, this.#options.ttl, keyBelow([name, namespace], this.#primary))
    return answer(builder.build())
  }

  /** There is no such name. */
  #missing(query: Query, zone: string, view: ClusterView, next: Handler): Reply | PromiseLike<Reply> {
    if (this.#fallthrough.has(query.key)) return next(query)
    const state = view.waiting()
    // It may be among what is not read yet, and a name error would be remembered.
    if (state !== undefined) return notReady(state)
    const soa = this.#soa(zone, query.key)
    // The reverse name of a network may have names of addresses below it (RFC 8020).
    return isNetwork(query.key) ? noData(soa) : nameError(soa)
  }
}
