import { performance } from 'node:perf_hooks'
import { RCODE } from '#src/dns/codes.ts'
import type { Labels } from '#src/metrics.ts'
import type { Query, Reply } from '#src/plugin.ts'

/** Milliseconds. */
const MINUTE = 60_000
/** About how many queries a minute are looked at, however many there are. */
const LOOKED_AT = 10_000
/** The shortest time that a rate is computed over, in seconds. */
const SHORTEST = 1

/** Numbers of queries. */
export interface Counts {
  /** By address. */
  readonly clients: Map<string, number>
  /** By key. */
  readonly names: Map<string, number>
  /** Those answered with NXDOMAIN, by key. */
  readonly missing: Map<string, number>
}

const noCounts = (): Counts => ({ clients: new Map(), names: new Map(), missing: new Map() })

/** Counts the queries of this minute and of the one before. When there are many, a random sample stands for all. */
export class Tally {
  readonly labels: Labels
  /** Server blocks that have started and not stopped. */
  users = 0
  readonly #begun = performance.now()
  /** When this minute ends. */
  #end = this.#begun + MINUTE
  #before = noCounts()
  #now = noCounts()
  /** Queries of this minute, and how many of them were looked at. */
  #queries = 0
  #lookedAt = 0
  /** How many queries one of the sample stands for, and how many are left until the next one that is looked at. */
  #weight = 1
  #left = 1

  /** @param labels of the server block */
  constructor(labels: Labels) {
    this.labels = labels
  }

  see(query: Query, reply: Reply): void {
    if (--this.#left <= 0 || query.received >= this.#end) this.#lookAt(query, reply)
  }

  /** Queries per second, by key. @param time monotonic, in milliseconds */
  *rates(which: (counts: Counts) => Counts[keyof Counts], time: number): Iterable<readonly [key: string, perSecond: number]> {
    if (time >= this.#end) this.#turn(time)
    const seconds = Math.max((time - Math.max(this.#begun, this.#end - 2 * MINUTE)) / 1000, SHORTEST)
    const [before, now] = [which(this.#before), which(this.#now)]
    for (const key of new Set([...before.keys(), ...now.keys()]))
      yield [key, ((before.get(key) ?? 0) + (now.get(key) ?? 0)) / seconds]
  }

  #lookAt(query: Query, reply: Reply): void {
    if (query.received >= this.#end) this.#turn(query.received)
    const { clients, names, missing } = this.#now
    this.#add(clients, query.client.address)
    this.#add(names, query.key)
    if (reply.rcode === RCODE.NXDOMAIN) this.#add(missing, query.key)
    this.#queries += this.#weight
    if (++this.#lookedAt % LOOKED_AT === 0) this.#weight *= 2
    // At random, since clients ask for the names of a search path in turn.
    this.#left = 1 + Math.floor(Math.random() * (2 * this.#weight - 1))
  }

  #add(counts: Map<string, number>, key: string): void {
    counts.set(key, this.#weight + (counts.get(key) ?? 0))
  }

  #turn(time: number): void {
    const whole = time < this.#end + MINUTE
    this.#before = whole ? this.#now : noCounts()
    this.#now = noCounts()
    this.#weight = whole ? Math.max(1, Math.round(this.#queries / LOOKED_AT)) : 1
    this.#queries = this.#lookedAt = 0
    this.#left = 1
    this.#end += MINUTE * (1 + Math.floor((time - this.#end) / MINUTE))
  }
}
