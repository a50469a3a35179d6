import { Query } from '../dns/query.ts'
import type { Reply } from '../dns/reply.ts'
import { type Secrets, Signature, type Tsig } from '../dns/tsig.ts'
import type { Outgoing } from '../transport/transport.ts'
import { fit } from './fit.ts'

/** A query with a signature (RFC 8945). Whatever is replied to it is signed, whoever replies. */
export class SignedQuery {
  /** Its client has the result of the check. */
  readonly query: Query
  readonly #signature: Signature

  /** @throws {FormatError} the signature cannot be one */
  constructor(query: Query, tsig: Tsig, secrets: Secrets) {
    this.#signature = new Signature(query.message, tsig, secrets)
    const { error } = this.#signature
    const client = { ...query.client, tsigError: error, ...(error === 'NOERROR' && { tsigKey: tsig.name }) }
    this.query = new Query({ ...query, client })
  }

  /** As `fit`. Where even a reply without records is longer than the client takes, so was the query, whose signature has the same size. */
  fit(reply: Reply): Outgoing {
    const { sent } = reply
    // It gets the message once that is signed.
    reply.sent = undefined
    return new Signed(fit(this.query, reply, this.query.replySize - this.#signature.length), this.#signature, sent)
  }
}

class Signed implements Outgoing {
  readonly longest: number
  readonly following: IteratorObject<Outgoing> | undefined
  readonly #message: Outgoing
  readonly #signature: Signature
  readonly #sent: Reply['sent']

  constructor(message: Outgoing, signature: Signature, sent: Reply['sent']) {
    this.#message = message
    this.#signature = signature
    this.#sent = sent
    this.longest = message.longest + signature.length
    this.following = message.following?.map(next => new Signed(next, signature, sent))
  }

  write(target: Uint8Array, at: number): number {
    const end = this.#signature.add(target, at, this.#message.write(target, at))
    this.#sent?.(target.subarray(at, end))
    return end
  }
}
