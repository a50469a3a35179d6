import type { Reply } from '#src/dns/reply.ts'
import type { Question } from '#src/forwarding/question.ts'
import type { Exchange } from './exchange.ts'
import type { Flight } from './flight.ts'
import type { Upstream } from './upstream.ts'

/** Who is asked, and how. */
export interface AttemptTerms {
  readonly upstream: Upstream
  readonly overStream: boolean
  readonly edns: boolean
  /** By `performance.now()`. */
  readonly sentAt: number
}

/** A flight's question to one upstream. */
export class Attempt implements Exchange {
  readonly edns: boolean
  readonly upstream: Upstream
  readonly overStream: boolean
  readonly sentAt: number
  id = 0
  readonly #flight: Flight
  /** It failed or was answered. A late answer to a failed one is as good as any. */
  closed = false

  constructor(flight: Flight, { upstream, overStream, edns, sentAt }: AttemptTerms) {
    this.#flight = flight
    this.upstream = upstream
    this.overStream = overStream
    this.edns = edns
    this.sentAt = sentAt
  }

  get question(): Question {
    return this.#flight.question
  }

  get padded(): boolean {
    return this.upstream.scheme !== 'dns'
  }

  get network(): 'udp' | 'tcp' {
    return this.overStream ? 'tcp' : 'udp'
  }

  get waiting(): boolean {
    return !this.#flight.finished
  }

  answered(reply: Reply, _message: Uint8Array): void {
    this.#flight.answered(this, reply)
  }

  failed(error: Error): void {
    this.#flight.failed(this, error)
  }

  doubted(): void {
    this.#flight.doubted(this)
  }
}
