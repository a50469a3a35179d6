import { performance } from 'node:perf_hooks'
import { FLAG, RCODE } from '#src/dns/codes.ts'
import { Pending } from '#src/dns/pending.ts'
import type { Query } from '#src/dns/query.ts'
import { type Reply, unreachable } from '#src/dns/reply.ts'
import type { Question } from '#src/forwarding/question.ts'
import type { Cell } from '#src/metrics.ts'
import type { UpstreamTap } from '#src/plugin.ts'
import { Attempt } from './attempt.ts'
import { networkError } from './exchange.ts'
import { TappedAttempt } from './tapped-attempt.ts'
import type { Upstream } from './upstream.ts'

/** What a `forward` line says about the tries for one question. */
export interface Terms {
  /** Tries that may fail; Infinity for any number. */
  readonly attempts: number
  /** Milliseconds that an upstream may be silent before the next one is asked as well; with each pass over the upstreams twice as many. */
  readonly silence: number
  /** Milliseconds that a question may be waited for. */
  readonly patience: number
  /** Milliseconds to wait for something better than a reply that is there. */
  readonly readTimeout: number
  /** Rcodes for which the next upstream is asked. */
  readonly failover: ReadonlySet<number>
  /** With no upstream up: give up, instead of asking any. */
  readonly failfast: boolean
  /** Counts the times that no upstream was up. */
  readonly broken: Cell
  /** They see the messages to and from upstreams. */
  readonly taps: readonly UpstreamTap[]
  /** The flight is over. */
  land(flight: Flight, reply: Reply): void
}

/**
 * One question on its way to the upstreams, until the first good reply. It is what the first client waits for, and all that ask the same meanwhile
 * wait with it. It is one object, since it outlives collections when an upstream is slow.
 */
export class Flight extends Pending<Reply> {
  /** What waits besides the first query. */
  others: Pending<Reply>[] | undefined
  finished = false
  readonly question: Question
  /** Of the question. */
  readonly hash: number
  readonly overStream: boolean
  /** See *flights*. */
  next: Flight | undefined
  readonly #order: readonly Upstream[]
  readonly #terms: Terms
  /** Bit i: `#order[i]` was asked in this pass over the upstreams. */
  #asked = 0
  #pass = 0
  /** Attempts that have neither failed nor been answered, silent ones included. */
  #open = 0
  /** Tries that failed, are silent, or are new. */
  #tries = 0
  #failovers = 0
  #newest: Attempt | undefined
  /** When the silence of the newest attempt is long enough, and when everybody's is. */
  #due = 0
  #end = 0
  /** Better than SERVFAIL, should nothing better come. */
  #spare: Reply | undefined
  #error: Error | undefined
  #doubted = false
  /** It answered FORMERR or NOTIMP, and was asked again without EDNS. */
  #puzzledByEdns: Upstream | undefined

  constructor(
    query: Query,
    { question, hash, overStream }: { question: Question; hash: number; overStream: boolean },
    order: readonly Upstream[],
    terms: Terms,
  ) {
    super(query)
    this.question = question
    this.hash = hash
    this.overStream = overStream
    this.#order = order
    this.#terms = terms
  }

  start(now: number): void {
    this.#end = now + this.#terms.patience
    this.#try(now)
  }

  /** For a further query with the same question. */
  join(query: Query): Pending<Reply> {
    const reply = new Pending<Reply>(query)
    this.others ??= []
    this.others.push(reply)
    return reply
  }

  /** To be called every now and then: what depends on time happens here. */
  wake(now: number): void {
    if (now < this.#due && now < this.#end) return
    const newest = this.#newest!
    if (!newest.closed) newest.upstream.silent(newest.sentAt)
    if (now < this.#end) this.#try(now)
    else {
      const error = newest.closed ? this.#error : networkError('read', newest.network, newest.upstream.to, 'i/o timeout')
      this.#finish(this.#spare ?? unreachable(error))
    }
  }

  /** Asks the next upstream, while those before may still answer. */
  #try(now: number): void {
    const upstream = this.#tries < this.#terms.attempts ? this.#choose(now) : undefined
    if (!upstream) {
      this.#due = Number.POSITIVE_INFINITY
      if (this.#open === 0) this.#finish(this.#spare ?? unreachable(this.#error ?? new Error('no healthy proxies')))
      return
    }
    this.#tries++
    this.#due = now + this.#terms.silence * 2 ** this.#pass
    this.#ask(upstream, now, { overStream: this.overStream, edns: upstream.takesEdns(now), isTry: true })
  }

  /** Each upstream once in a pass: first those that answer, then those that were silent lately; never one that is down, unless all are. */
  #choose(now: number): Upstream | undefined {
    for (;;) {
      let best = -1
      for (let i = 0; i < this.#order.length; i++) {
        const upstream = this.#order[i]!
        if ((this.#asked >> i) & 1 || upstream.isDown) continue
        const avoided = upstream.isAvoided(now)
        if (best < 0 || !avoided) best = i
        if (!avoided) break
      }
      if (best >= 0) {
        this.#asked |= 1 << best
        return this.#order[best]
      }
      if (this.#asked === 0) break
      this.#asked = 0
      this.#pass++
    }
    this.#terms.broken.value++
    return this.#terms.failfast ? undefined : this.#order[Math.floor(Math.random() * this.#order.length)]
  }

  #ask(upstream: Upstream, sentAt: number, { overStream, edns, isTry }: Asking): void {
    const { taps } = this.#terms
    const terms = { upstream, overStream: overStream || upstream.isStream, edns, sentAt }
    const attempt = taps.length > 0 ? new TappedAttempt(this, terms, this.about as Query, taps) : new Attempt(this, terms)
    this.#open++
    if (isTry) this.#newest = attempt
    upstream.ask(attempt, overStream)
  }

  #close(attempt: Attempt): void {
    if (!attempt.closed) this.#open--
    attempt.closed = true
  }

  failed(attempt: Attempt, error: Error): void {
    if (this.finished || attempt.closed) return
    this.#close(attempt)
    this.#error = error
    attempt.upstream.broken()
    if (this.#open > 0 && attempt !== this.#newest) return
    // Two passes may fail at once; what goes beyond waits its time.
    if (this.#tries < 2 * this.#order.length || this.#tries >= this.#terms.attempts) this.#try(performance.now())
  }

  answered(attempt: Attempt, reply: Reply): void {
    const now = performance.now()
    const { upstream, overStream, edns } = attempt
    reply.upstream = upstream.to
    upstream.heard(reply.rcode, now - attempt.sentAt, now)
    if (this.finished) return
    const isTruncated = (reply.flags & FLAG.TC) !== 0
    if (isTruncated && overStream) {
      this.failed(attempt, networkError('read', 'tcp', upstream.to, 'truncated reply'))
      return
    }
    this.#close(attempt)
    const isTry = attempt === this.#newest
    const isPuzzled = reply.rcode === RCODE.FORMERR || reply.rcode === RCODE.NOTIMP
    if (isTruncated) {
      this.#keep(reply, now)
      this.#ask(upstream, now, { overStream: true, edns, isTry })
      return
    }
    if (isPuzzled && edns) {
      this.#puzzledByEdns = upstream
      this.#ask(upstream, now, { overStream, edns: false, isTry })
      return
    }
    if (!isPuzzled && upstream === this.#puzzledByEdns) upstream.lacksEdns(now)
    if (this.#terms.failover.has(reply.rcode) && ++this.#failovers < this.#order.length) {
      this.#keep(reply, now)
      this.#tries--
      this.#try(now)
    } else {
      this.#finish(reply)
    }
  }

  /** Asks the same upstream over TCP, once; over UDP, waiting goes on. */
  doubted({ upstream, overStream, edns }: Attempt): void {
    if (this.finished || overStream || this.#doubted) return
    this.#doubted = true
    this.#ask(upstream, performance.now(), { overStream: true, edns, isTry: false })
  }

  #keep(reply: Reply, now: number): void {
    this.#spare = reply
    this.#end = Math.min(this.#end, now + this.#terms.readTimeout)
  }

  #finish(reply: Reply): void {
    this.finished = true
    reply.upstream ??= this.#newest?.upstream.to
    this.#terms.land(this, reply)
  }
}

/** How an upstream is asked. */
interface Asking {
  readonly overStream: boolean
  readonly edns: boolean
  /** It counts as one of the tries that the terms allow. */
  readonly isTry: boolean
}
