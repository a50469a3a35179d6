import { setTimeout } from 'node:timers/promises'
import { answerAlias } from '#src/answers/alias.ts'
import { answerTargets } from '#src/answers/targets.ts'
import { CLASS, TYPE } from '#src/dns/codes.ts'
import type { Sections } from '#src/dns/sections.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import type { Feed, Subscriber } from '#src/feeds/feed.ts'
import { feeds } from '#src/feeds/feeds.ts'
import {
  type Handler,
  type Instance,
  type Logger,
  nameError,
  noData,
  notReady,
  type Query,
  type Reply,
  type ServerBlock,
  shuffled,
} from '#src/plugin.ts'
import type { Beyond, Known } from '#src/registry/known.ts'
import { Missing, Registry } from '#src/registry/registry.ts'
import { explain } from './explain.ts'
import { changeDelays, exportMetrics } from './metrics.ts'
import type { Options } from './options.ts'
import { OwnCluster } from './own-cluster.ts'

interface Subscription {
  readonly feed: Feed
  readonly subscriber: Subscriber
}

export class Mesh implements Instance {
  readonly #options: Options
  readonly #block: ServerBlock
  readonly #log: Logger
  readonly #registry: Registry
  readonly #fallthrough: ZoneSet
  readonly #subscriptions: Subscription[] = []
  #complete = false
  #tellsClients = false

  constructor(options: Options, block: ServerBlock) {
    this.#options = options
    this.#block = block
    this.#log = block.log('mesh')
    this.#registry = new Registry(options)
    this.#fallthrough = new ZoneSet(options.fallthrough)
    exportMetrics(block.server.metrics)
  }

  async start(signal: AbortSignal): Promise<void> {
    const opened = await Promise.all(this.#options.sources.map(source => feeds.open(this.#log, source(this.#block.root))))
    const delays = changeDelays(this.#block.server.metrics)
    const own = new OwnCluster(opened)
    for (const [i, feed] of opened.entries()) {
      feed.onDelay = seconds => delays.with({ source: feed.source.name }).observe(seconds)
      const subscriber: Subscriber = (id, record, previous) => {
        this.#registry.apply(i, id, own.reduce(record), previous)
        this.#tellClients()
      }
      this.#subscriptions.push({ feed, subscriber })
    }
    const replays = this.#subscriptions.map(({ feed, subscriber }) => feed.subscribe(subscriber))
    const timeout = setTimeout(this.#options.startupTimeout, undefined, { signal, ref: false }).catch(() => undefined)
    await Promise.race([Promise.all([...replays, ...opened.map(feed => feed.completed)]), timeout])
    await Promise.all(replays)
    for (const { feed, subscriber } of this.#subscriptions) void own.retell(feed, subscriber, this.#log, signal)
  }

  serving(): void {
    const state = this.ready()
    // Once, for all threads.
    if (state !== true && this.#block.server.control) this.#log.warn(`starting before all sources are complete, ${state}`)
  }

  /** Who asks is known to whichever source has the client. */
  #tellClients(): void {
    if (this.#tellsClients || !this.#registry.restricted) return
    this.#tellsClients = true
    for (const { feed } of this.#subscriptions) feed.tellClients()
  }

  ready(): true | string {
    if (this.#complete) return true
    if (this.#subscriptions.length === 0) return 'not started'
    const feed = this.#subscriptions.find(subscription => !subscription.feed.complete)?.feed
    if (feed) return `waiting for source ${feed.source.name}${feed.waiting === '' ? '' : `: ${feed.waiting}`}`
    this.#complete = true
    return true
  }

  async stop(): Promise<void> {
    for (const { feed, subscriber } of this.#subscriptions) feed.unsubscribe(subscriber)
    await Promise.all(this.#subscriptions.splice(0).map(({ feed }) => feeds.leave(feed)))
  }

  explain({ key, hash, client: { address } }: Query): string[] {
    const state = this.ready()
    const sources = this.#subscriptions.map(({ feed }) => feed.source.name)
    const known = explain(this.#registry, sources, state === true, { key, hash }, address)
    return state === true ? known : [state, ...known]
  }

  wrap(next: Handler): Handler {
    const registry = this.#registry
    return query => {
      if (query.class !== CLASS.IN) return next(query)
      const addresses = registry.answers.get(query, query.type)
      if (addresses) return shuffled(addresses)
      const known = this.#find(query)
      if (known === undefined) return next(query)
      if (known instanceof Missing) return this.#missing(query, known, next)
      const beyond = known.beyond && this.#beyond(query, known, known.beyond, next)
      if (beyond) return beyond
      const records = known.records(query.type, query.key) ?? this.#otherRecords(known, query)
      if (!records) return noData(registry.authority.negative(known.zone, query.key))
      return shuffled(records)
    }
  }

  #find(query: Query): Known | Missing | undefined {
    const registry = this.#registry
    return registry.restricted ? registry.find(query, registry.namespaceOf(query.client.address)) : registry.find(query)
  }

  #otherRecords(known: Known, { type, key }: Query): Sections | undefined {
    if (type === TYPE.SOA && key === known.zone) return this.#registry.authority.answer(key)
    // Some of the records are enough (RFC 8482 §4.1).
    return type === TYPE.ANY ? (known.records(TYPE.A, key) ?? known.records(TYPE.AAAA, key)) : undefined
  }

  #missing(query: Query, { zone, holds }: Missing, next: Handler): Reply | PromiseLike<Reply> {
    const state = this.ready()
    // It may be among what is not read yet, and a name error would be remembered.
    if (state !== true) return notReady(state)
    if (this.#fallthrough.has(query.key)) return next(query)
    const soa = this.#registry.authority.negative(zone, query.key)
    return holds ? noData(soa) : nameError(soa)
  }

  /** @returns undefined where the registry's own records are all there is to say */
  #beyond(query: Query, known: Known, beyond: Beyond, next: Handler): Reply | PromiseLike<Reply> | undefined {
    if (beyond.kind === 'elsewhere') return next(query)
    const { ttl } = this.#options
    if (beyond.kind === 'alias') return answerAlias(query, beyond.target, ttl, this.#block.resolve)
    if (query.type !== TYPE.A && query.type !== TYPE.AAAA) return undefined
    const own = known.records(query.type, query.key)
    // An endpoint may be called as the host itself, or have a name that its wildcard covers.
    const resolve: Handler = target => (this.#find(target) === known ? next(target) : this.#block.resolve(target))
    const targets = beyond.targets.map(({ name }) => name)
    return answerTargets(query, targets, own, ttl, resolve).then(
      reply => reply ?? noData(this.#registry.authority.negative(known.zone, query.key)),
    )
  }
}
