import { CLASS, FLAG, RCODE, TYPE } from '#src/dns/codes.ts'
import { CellsByServer } from '#src/metrics.ts'
import { type Handler, type Instance, onReply, type Query, Reply, type ServerBlock } from '#src/plugin.ts'
import type { Ipv4Prefix } from '#src/translation/ipv4-prefix.ts'
import { absence, rebuilt } from '#src/translation/replies.ts'

export interface Options {
  readonly prefix: Ipv4Prefix
  /** IPv4 addresses by those of IPv6 that stand for them, each as octets (RFC 7757). */
  readonly mapped: ReadonlyMap<string, Uint8Array>
}

/** Lookups deeper than this may come from *dns64*, which asked for what was to be translated here. */
const DEEPEST = 1

export class Siit implements Instance {
  readonly #options: Options
  readonly #resolve: Handler
  readonly #translated: CellsByServer

  constructor(options: Options, { server, resolve }: ServerBlock) {
    this.#options = options
    this.#resolve = resolve
    this.#translated = new CellsByServer(
      server.metrics.counter('coredns_siit_requests_translated_total', 'Counter of DNS requests translated by siit.'),
    )
  }

  wrap(next: Handler): Handler {
    return query => {
      const concerns = query.type === TYPE.A && query.class === CLASS.IN && query.depth <= DEEPEST
      return concerns ? onReply(query, next(query), this.#complete) : next(query)
    }
  }

  readonly #complete = (reply: Reply, query: Query): Reply | PromiseLike<Reply> => {
    const isWhole = reply.silent || reply.rcode === RCODE.NXDOMAIN || (reply.flags & FLAG.TC) !== 0
    if (isWhole || reply.sections.answerSpans.some(({ type }) => type === TYPE.A)) return reply
    const derived = query.derive(query.key, TYPE.AAAA)
    return onReply(derived, this.#resolve(derived), found => this.#translate(derived, found, reply, query))
  }

  #translate(asked: Query, found: Reply, reply: Reply, query: Query): Reply {
    const longest = absence(reply)
    let isTranslated = false
    const sections = rebuilt(asked, found, record => {
      if (record.type !== TYPE.AAAA || found.rcode !== RCODE.NOERROR) return record
      const data = this.#ipv4Of(record.data)
      if (!data) return undefined
      isTranslated = true
      return { ...record, type: TYPE.A, ttl: Math.min(record.ttl, longest), data }
    })
    if (found.rcode === RCODE.NOERROR && !isTranslated) return reply
    if (isTranslated) this.#translated.of(query.listener.label).value++
    const { rcode, flags, cause, extendedError, upstream, shuffle } = found
    const kept = flags & (FLAG.AA | FLAG.RA | FLAG.TC)
    return Object.assign(new Reply(rcode, kept, sections), { cause, extendedError, upstream, shuffle })
  }

  #ipv4Of(address: Uint8Array): Uint8Array | undefined {
    const { mapped, prefix } = this.#options
    return mapped.get(Buffer.from(address).toString('latin1')) ?? prefix.extract(address)
  }
}
