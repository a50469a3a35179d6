import { Buffer } from 'node:buffer'
import { LONGEST_QUESTION } from '#src/forwarding/question.ts'
import type { Endpoint, Query, Reply, UpstreamExchange, UpstreamTap } from '#src/plugin.ts'
import { Attempt, type AttemptTerms } from './attempt.ts'
import type { Flight } from './flight.ts'

/** An attempt whose messages somebody else sees, too. */
export class TappedAttempt extends Attempt implements UpstreamExchange {
  /** Of whom asked first. */
  readonly query: Query
  local: Endpoint | undefined
  readonly #taps: readonly UpstreamTap[]

  constructor(flight: Flight, terms: AttemptTerms, query: Query, taps: readonly UpstreamTap[]) {
    super(flight, terms)
    this.query = query
    this.#taps = taps
  }

  get transport(): UpstreamExchange['transport'] {
    const { scheme } = this.upstream
    return scheme === 'dns' ? this.network : scheme
  }

  get remote(): Endpoint {
    return this.upstream
  }

  get to(): string {
    return this.upstream.to
  }

  get message(): Uint8Array {
    const octets = Buffer.allocUnsafe(LONGEST_QUESTION)
    return octets.subarray(0, this.question.write(octets, 0, this.id, this.edns, this.padded))
  }

  sent(local: Endpoint | undefined): void {
    this.local = local
    for (const tap of this.#taps) tap.asked(this)
  }

  override answered(reply: Reply, message: Uint8Array): void {
    for (const tap of this.#taps) tap.answered(this, message)
    super.answered(reply, message)
  }
}
