import { isDeepStrictEqual } from 'node:util'
import { FLAG, TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import { type Handler, type Instance, type Query, Reply, type ServerBlock } from '#src/plugin.ts'
import { type Counts, CountsByServer } from './counts.ts'
import { Entry, wantsAuthentic } from './entry.ts'
import { lifetimeOf } from './lifetime.ts'
import type { Options } from './options.ts'
import { type Half, Store } from './store.ts'
import { type Verdict, verdictOf } from './verdict.ts'

/** How many entries may be fetched again at a time, so that there is always room for clients' queries. */
const MAX_RENEWALS = 1000
/** How long after a failed prefetch, where `serve_stale` does not say, in milliseconds. */
const RECHECK = 5000

/** What is remembered, in words. */
const REMEMBERED: Readonly<Record<Verdict, string>> = {
  answer: 'an answer',
  denial: 'that there are no records',
  empty: 'a reply without records',
  failure: 'a failure',
}

export class Cache implements Instance {
  readonly #options: Options
  /** Undefined where every query of the block is meant. */
  readonly #zones: ZoneSet | undefined
  readonly #except: Readonly<Record<Half, ZoneSet>>
  readonly #counts: CountsByServer
  #store: Store
  /** Whose store this is to be; and whether another has taken it over. */
  #previous: Cache | undefined
  #isInherited = false
  #next!: Handler
  #renewals = 0

  constructor(options: Options, block: ServerBlock) {
    this.#options = options
    const zones = new ZoneSet(options.zones)
    this.#zones = block.zones.every(zone => zones.has(toKey(zone))) ? undefined : zones
    this.#except = { success: new ZoneSet(options.success.except), denial: new ZoneSet(options.denial.except) }
    this.#counts = new CountsByServer(block.server.metrics, { zones: options.zones.join(','), view: block.viewName })
    this.#store = new Store(capacities(options))
  }

  wrap(next: Handler): Handler {
    this.#next = next
    return query => (this.#passesBy(query) ? next(query) : this.#answer(query))
  }

  explain(query: Query): string[] {
    if (this.#passesBy(query)) return ['such questions pass by']
    const held = (['success', 'denial'] as const).flatMap(half => this.#store.get(half, query) ?? [])
    return held.map(({ verdict, lifetime, stored }) => {
      const left = lifetime - (query.received - stored) / 1000
      return `holds ${REMEMBERED[verdict]}, ${left > 0 ? `fresh for ${left.toFixed(1)} s more` : `stale for ${(-left).toFixed(1)} s`}`
    })
  }

  /** Keeps what was remembered, unless it would be remembered otherwise now. */
  adopt(previous: Instance): void {
    if (!(previous instanceof Cache) || !isDeepStrictEqual(remembering(this.#options), remembering(previous.#options))) return
    this.#store = new Store(capacities(this.#options), previous.#store)
    this.#previous = previous
  }

  serving(): void {
    if (this.#previous) this.#previous.#isInherited = true
    this.#previous = undefined
  }

  async stop(): Promise<void> {
    if (this.#isInherited) return
    for (const { entries } of this.#counts.values()) entries.success.value = entries.denial.value = 0
  }

  #passesBy({ type, key }: Query): boolean {
    return type === TYPE.AXFR || type === TYPE.IXFR || (this.#zones !== undefined && !this.#zones.has(key))
  }

  #answer(query: Query): Reply | PromiseLike<Reply> {
    const { prefetch, keepTtl } = this.#options
    const counts = this.#counts.of(query.listener.label)
    counts.requests.value++
    const now = query.received
    const entry = this.#find(query, now, counts)
    if (!entry) {
      counts.misses.value++
      return this.#ask(query, counts)
    }
    const remaining = entry.remaining(now)
    if (remaining <= 0) return this.#answerStale(query, entry, now, counts)
    if (prefetch) {
      entry.hit(now, prefetch.gap)
      if (entry.hits >= prefetch.amount && remaining <= Math.ceil(entry.lifetime * prefetch.share))
        this.#renew(query, entry, now, counts)
    }
    return entry.reply(query, keepTtl ? entry.lifetime : remaining)
  }

  /** The entry to serve. Answers are looked for first: there is a denial beside an answer only if the answer is preferred. */
  #find(query: Query, now: number, counts: Counts): Entry | undefined {
    const answer = this.#store.get('success', query)
    if (answer && this.#isServable(answer, now)) {
      counts.hits.success.value++
      return answer
    }
    const denial = this.#store.get('denial', query)
    if (!denial || !this.#isServable(denial, now)) return undefined
    counts.hits.denial.value++
    return denial
  }

  #isServable(entry: Entry, now: number): boolean {
    const remaining = entry.remaining(now)
    const { stale } = this.#options
    return remaining > 0 || (stale !== undefined && entry.verdict !== 'failure' && -remaining * 1000 < stale.duration)
  }

  #ask(query: Query, counts: Counts): Reply | PromiseLike<Reply> {
    const reply = this.#next(query.flags & FLAG.AD ? query : query.copy(FLAG.AD))
    // What comes at once came from memory: remembering it would only age it.
    if (reply instanceof Reply) return reply
    return reply.then(reply => {
      const entry = this.#entryOf(query, reply, counts)
      // The first client sees what those after it will see.
      if (entry && this.#put(query, entry, counts)) reply.ttl = entry.lifetime
      if (!wantsAuthentic(query)) reply.flags &= ~FLAG.AD
      return reply
    })
  }

  #entryOf(query: Query, reply: Reply, counts: Counts): Entry | undefined {
    const { bytes, base } = reply.sections
    if (bytes.length > 0 && base !== query.questionEnd) {
      counts.drops.value++
      return undefined
    }
    const verdict = verdictOf(query, reply)
    return verdict && new Entry(query, verdict, reply, lifetimeOf(verdict, reply, this.#options), performance.now())
  }

  /** @returns whether it is remembered */
  #put(query: Query, entry: Entry, counts: Counts): boolean {
    const { verdict } = entry
    const preferPositive = this.#options.stale?.preferPositive === true
    const half = verdict === 'answer' || (verdict === 'empty' && !preferPositive) ? 'success' : 'denial'
    // The newest word holds, but a failure says nothing about the name.
    if (half === 'success') this.#store.delete('denial', query)
    else if (verdict !== 'failure' && !preferPositive) this.#store.delete('success', query)
    if (entry.lifetime === 0 || this.#except[half].has(query.key)) return false
    if (this.#store.put(half, query, entry)) counts.evictions[half].value++
    counts.entries.success.value = this.#store.success.size
    counts.entries.denial.value = this.#store.denial.size
    return true
  }

  #answerStale(query: Query, entry: Entry, now: number, counts: Counts): Reply | PromiseLike<Reply> {
    const { ttl, verify, timeout, recheck } = this.#options.stale!
    const serve = () => {
      counts.servedStale.value++
      return entry.staleReply(query, ttl)
    }
    const renewal = this.#renew(query, entry, now, counts)
    if (!renewal || !verify) return serve()
    const choose = (fresh: Entry | undefined) => fresh?.reply(query, fresh.lifetime) ?? serve()
    if (timeout === 0) return renewal.then(choose)
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => {
      // Who comes after does not wait again.
      entry.retryAt = performance.now() + recheck
      late.resolve(undefined)
    }, timeout)
    return Promise.race([renewal, late.promise]).then(fresh => {
      clearTimeout(timer)
      return choose(fresh)
    })
  }

  /**
   * Asks for what shall replace `entry`, once at a time, and with the client's own question: what depends on the client stays right.
   * The promise brings the replacement, or undefined where none came. Undefined while the upstream is left alone.
   */
  #renew(query: Query, entry: Entry, now: number, counts: Counts): Promise<Entry | undefined> | undefined {
    if (now < entry.retryAt) return undefined
    if (entry.renewal) return entry.renewal
    if (this.#renewals >= MAX_RENEWALS) {
      counts.renewalsSkipped.value++
      return undefined
    }
    this.#renewals++
    counts.renewals.value++
    const asked = query.copy(FLAG.AD)
    entry.renewal = Promise.resolve(this.#next(asked)).then(reply => {
      this.#renewals--
      entry.renewal = undefined
      return this.#replace(entry, asked, reply, counts)
    })
    return entry.renewal
  }

  #replace(entry: Entry, query: Query, reply: Reply, counts: Counts): Entry | undefined {
    const { stale } = this.#options
    const fresh = this.#entryOf(query, reply, counts)
    // A failure does not take the place of what was good (RFC 8767 §4).
    const heard = fresh !== undefined && fresh.verdict !== 'failure'
    if (heard) this.#put(query, fresh, counts)
    if (heard && (!stale?.preferPositive || fresh.verdict === 'answer')) {
      fresh.hits = entry.hits
      fresh.lastHit = entry.lastHit
      return fresh
    }
    entry.retryAt = performance.now() + (stale?.recheck ?? RECHECK)
    return undefined
  }
}

const capacities = ({ success, denial }: Options): Record<Half, number> => ({
  success: success.capacity,
  denial: denial.capacity,
})

/** The options that decide what is remembered, and for how long. */
const remembering = ({ zones, success, denial, servfail }: Options) => ({
  zones,
  success: { ...success, capacity: 0 },
  denial: { ...denial, capacity: 0 },
  servfail,
})
