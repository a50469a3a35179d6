import { CLASS, TYPE } from '#src/dns/codes.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import { rrset } from '#src/dnssec/rrset.ts'
import type { ZoneKey } from '#src/dnssec/zone-key.ts'
import type { Metrics } from '#src/metrics.ts'
import { answer, failure, type Handler, type Instance, onReply, type Query, type Reply } from '#src/plugin.ts'
import { Draft } from './draft.ts'
import { type Part, type Parts, sectionsOf } from './parts.ts'
import { Signatures } from './signatures.ts'

/** Signs replies about the names of some zones, for clients that ask for signatures, and answers queries for the keys of the zones. */
export class Dnssec implements Instance {
  readonly #zones: ZoneSet
  readonly #signatures: Signatures
  /** TTL in seconds and data of the DNSKEY records. */
  readonly #keys: Pick<Part, 'ttl' | 'data'>

  constructor(zones: readonly string[], keys: readonly ZoneKey[], capacity: number, metrics: Metrics) {
    this.#zones = new ZoneSet(zones)
    this.#signatures = new Signatures(keys, capacity, metrics)
    this.#keys = {
      ttl: Math.min(...keys.map(({ dnskey }) => dnskey.ttl)),
      data: keys.map(({ dnskey }) => dnskey.data),
    }
  }

  adopt(previous: Instance): void {
    if (previous instanceof Dnssec) this.#signatures.adopt(previous.#signatures)
  }

  wrap(next: Handler): Handler {
    return query => {
      const { key, hash, type, class: classCode, edns } = query
      if (classCode !== CLASS.IN) return next(query)
      if (type === TYPE.DNSKEY && this.#zones.get(key)) return this.#answerKeys(query)
      const isSigned = edns?.dnssecOk && type !== TYPE.AXFR && type !== TYPE.IXFR && this.#zones.find(key, hash) !== undefined
      return isSigned ? onReply(query, next(query), this.#sign) : next(query)
    }
  }

  /** Signed only where the client asks for signatures. */
  #answerKeys(query: Query): Reply | PromiseLike<Reply> {
    const part = { owner: query.key, type: TYPE.DNSKEY, ...this.#keys, signer: query.edns?.dnssecOk ? query.key : undefined }
    return this.#complete([[part], [], []], answer(NO_RECORDS), query)
  }

  readonly #sign = (reply: Reply, query: Query): Reply | PromiseLike<Reply> => {
    if (reply.sections.spans.length === 0) return reply
    const { parts, rcode } = new Draft(query, reply, this.#zones)
    if (!parts.flat().some(({ signer }) => signer !== undefined)) return reply
    reply.rcode = rcode
    return this.#complete(parts, reply, query)
  }

  /** Puts these records into a reply, with their signatures. */
  #complete(parts: Parts, reply: Reply, { key, listener }: Query): Reply | PromiseLike<Reply> {
    const pending: Promise<unknown>[] = []
    let isRefused = false
    for (const part of parts.flat()) {
      if (part.signer === undefined) continue
      const signatures = this.#signatures.of(rrset(part.owner, part.type, part.data), part.signer, listener.label)
      if (signatures instanceof Promise)
        pending.push(
          signatures.then(made => {
            part.signatures = made
          }),
        )
      else if (signatures) part.signatures = signatures
      else isRefused = true
    }
    const finish = () => {
      if (isRefused) return failure('too many records are being signed')
      reply.sections = sectionsOf(key, parts)
      return reply
    }
    return pending.length === 0 ? finish() : Promise.all(pending).then(finish)
  }
}
