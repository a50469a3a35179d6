import { performance } from 'node:perf_hooks'
import { RCODE } from '#src/dns/codes.ts'
import { isUnder } from '#src/dns/name.ts'
import type { Query } from '#src/dns/query.ts'
import { Reply, refused } from '#src/dns/reply.ts'
import type { ZoneSet } from '#src/dns/zone-map.ts'
import { ordering, type Policy } from '#src/forwarding/policy.ts'
import { Question } from '#src/forwarding/question.ts'
import type { Cell } from '#src/metrics.ts'
import type { Handler, UpstreamTap } from '#src/plugin.ts'
import { Flight, type Terms } from './flight.ts'
import { Flights } from './flights.ts'
import type { Upstream } from './upstream.ts'

/** How long an upstream may be silent before the next one is asked as well, in milliseconds. */
const SILENCE = 200
/** How long a question may be under way, in milliseconds. */
const DEADLINE = 5000
/** How often flights are woken, in milliseconds. One timer for all of them: a timer for each would cost more than the rest of the way. */
const TICK = 20
/** Milliseconds between wake-ups that tell of a process that stood still: replies wait in the kernel then, and silence means nothing. */
const LATE = 100
/** Passes over the upstreams, where `max_connect_attempts` says nothing. */
const PASSES = 2

/** What a `forward` line says about queries and replies. */
export interface ForwarderSettings {
  /** Key of the zone whose queries are taken. */
  readonly from: string
  /** Zones below it whose queries are not. */
  readonly except: ZoneSet
  readonly policy: Policy
  readonly forceTcp: boolean
  readonly preferUdp: boolean
  readonly failover: ReadonlySet<number>
  readonly failfast: boolean
  /** Queries that may wait at a time; 0 for any number. */
  readonly maxConcurrent: number
  /** Tries that may fail; 0 for any number, undefined for two for each upstream. */
  readonly maxConnectAttempts: number | undefined
  readonly readTimeout: number
  /** Replies with which the query goes on to the next `forward` line. */
  readonly next: ReadonlySet<number>
  readonly nextOnNodata: boolean
}

/** One `forward` line at work. */
export class Forwarder {
  readonly #settings: ForwarderSettings
  readonly #rejected: Cell
  readonly #tooMany: Error
  readonly #terms: Terms
  readonly #order: () => readonly Upstream[]
  readonly #flights = new Flights()
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  #wokenAt = 0
  #passedOver = false
  #whenIdle: (() => void) | undefined

  constructor(
    settings: ForwarderSettings,
    upstreams: readonly Upstream[],
    counters: { broken: Cell; rejected: Cell },
    taps: readonly UpstreamTap[],
  ) {
    const { policy, maxConcurrent, maxConnectAttempts = PASSES * upstreams.length, failover, failfast, readTimeout } = settings
    const attempts = maxConnectAttempts || Number.POSITIVE_INFINITY
    this.#settings = settings
    this.#rejected = counters.rejected
    this.#tooMany = new Error(`concurrent queries exceeded maximum ${maxConcurrent}`)
    this.#terms = {
      attempts,
      silence: Math.min(SILENCE, readTimeout),
      patience: Math.min(Math.max(DEADLINE, readTimeout), attempts * readTimeout),
      readTimeout,
      failover,
      failfast,
      broken: counters.broken,
      taps,
      land: (flight, reply) => this.#land(flight, reply),
    }
    this.#order = ordering(policy, upstreams)
  }

  /** @param follower whether `next` is another `forward` line, which may be asked where this one brought nothing */
  handler(next: Handler, follower: boolean): Handler {
    const { from, except, maxConcurrent, next: nextRcodes, nextOnNodata } = this.#settings
    const passesOn = follower && (nextRcodes.size > 0 || nextOnNodata)
    return query => {
      const { key } = query
      if (!isUnder(key, from) || (except.size > 0 && key !== from && except.has(key))) return next(query)
      if (maxConcurrent > 0 && this.#waiting >= maxConcurrent) {
        this.#rejected.value++
        return refused(this.#tooMany)
      }
      const reply = this.#ask(query)
      return passesOn ? reply.then(given => (this.#isPassedOn(given) ? next(query) : given)) : reply
    }
  }

  #isPassedOn({ rcode, sections }: Reply): boolean {
    const { next, nextOnNodata } = this.#settings
    return next.has(rcode) || (nextOnNodata && rcode === RCODE.NOERROR && sections.answers === 0)
  }

  #ask(query: Query): PromiseLike<Reply> {
    const { forceTcp, preferUdp } = this.#settings
    const question = new Question(query)
    const overStream = forceTcp || (query.transport !== 'udp' && !preferUdp)
    const { hash } = question
    this.#waiting++
    const known = this.#flights.find(question, hash, overStream)
    return known ? known.join(query) : this.#depart(new Flight(query, { question, hash, overStream }, this.#order(), this.#terms))
  }

  #depart(flight: Flight): Flight {
    this.#flights.add(flight)
    const now = performance.now()
    if (this.#timer === undefined) {
      this.#wokenAt = now
      this.#timer = setInterval(() => this.#tick(), TICK)
    }
    flight.start(now)
    return flight
  }

  /** Gives each query that waits a reply of its own; the sections are shared. */
  #land(flight: Flight, reply: Reply): void {
    const { others } = flight
    this.#flights.delete(flight)
    this.#waiting--
    if (others) {
      this.#waiting -= others.length
      for (const waiter of others) waiter.fulfil(Object.assign(new Reply(reply.rcode), reply))
    }
    // The original goes last, as it is changed on its way up.
    flight.fulfil(reply)
    if (this.#flights.count === 0) this.#whenIdle?.()
  }

  #tick(): void {
    const now = performance.now()
    this.#passedOver = !this.#passedOver && now - this.#wokenAt > LATE
    this.#wokenAt = now
    if (!this.#passedOver) for (const flight of this.#flights.list()) flight.wake(now)
    if (this.#flights.count > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Fulfilled when nothing is under way. */
  async idle(): Promise<void> {
    if (this.#flights.count > 0)
      await new Promise<void>(resolve => {
        this.#whenIdle = resolve
      })
    clearInterval(this.#timer)
  }
}
