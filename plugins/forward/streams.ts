import type { Socket } from 'node:net'
import type { Cell } from '#src/metrics.ts'
import { type Exchange, networkError } from './exchange.ts'
import { Stream } from './stream.ts'

/** Connections to one upstream that take queries, and queries in flight on each. */
const CONNECTIONS = 8
const DEPTH = 128
/** Queries in flight on each connection that make another one worth its handshake: many servers answer one after the other. */
const SHARED = 8

interface StreamSettings {
  /** As metrics and errors name the upstream. */
  readonly to: string
  /** Milliseconds without a query after which a connection is closed. */
  readonly expire: number
  /** Milliseconds after which a connection takes no more queries; 0 for any time. */
  readonly maxAge: number
  /** Bound on the connections; 0 for the default. */
  readonly maxIdle: number
  /** Milliseconds without a word of the upstream after which a connection that waits is given up. */
  readonly readTimeout: number
}

/** The TCP or TLS connections to one upstream. */
export class StreamPool {
  readonly #settings: StreamSettings
  readonly #dial: () => Socket
  readonly #established: 'connect' | 'secureConnect'
  readonly #hits: Cell
  readonly #misses: Cell
  readonly #most: number
  readonly #streams = new Set<Stream>()
  #closed = false

  constructor(
    settings: StreamSettings,
    { dial, established }: { dial: () => Socket; established: 'connect' | 'secureConnect' },
    counters: { hits: Cell; misses: Cell },
  ) {
    this.#settings = settings
    this.#dial = dial
    this.#established = established
    this.#hits = counters.hits
    this.#misses = counters.misses
    this.#most = Math.min(settings.maxIdle || CONNECTIONS, CONNECTIONS)
  }

  ask(exchange: Exchange): void {
    let stream: Stream | undefined
    let taking = 0
    for (const candidate of this.#streams) {
      if (!this.#takes(candidate)) continue
      taking++
      if (!stream || candidate.load < stream.load) stream = candidate
    }
    if (stream && (stream.load < SHARED || (taking >= this.#most && stream.load < DEPTH))) {
      this.#hits.value++
      stream.send(exchange)
    } else if (taking < this.#most) {
      this.#open().send(exchange)
    } else {
      exchange.failed(networkError('dial', 'tcp', this.#settings.to, `more than ${this.#most * DEPTH} queries in flight`))
    }
  }

  #takes(stream: Stream): boolean {
    const { maxAge } = this.#settings
    return stream.isOpen && (maxAge === 0 || performance.now() - stream.created < maxAge)
  }

  #open(): Stream {
    this.#misses.value++
    const stream = new Stream(this.#dial(), this.#established, {
      to: this.#settings.to,
      onClose: (closed, unanswered) => {
        this.#streams.delete(closed)
        if (unanswered.length === 0 || this.#closed) return
        const fresh = this.#open()
        for (const exchange of unanswered) fresh.send(exchange, true)
      },
    })
    this.#streams.add(stream)
    return stream
  }

  /** Closes what is not needed any more; says whether any connection is left. */
  sweep(now: number): boolean {
    for (const stream of this.#streams) {
      stream.sweep(now, this.#settings.readTimeout)
      if (stream.load === 0 && (!this.#takes(stream) || now - stream.used >= this.#settings.expire)) stream.destroy()
    }
    return this.#streams.size > 0
  }

  close(): void {
    this.#closed = true
    for (const stream of this.#streams) stream.destroy()
  }
}
