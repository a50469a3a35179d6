import { CLASS, FLAG, RCODE, TYPE } from '#src/dns/codes.ts'
import type { Sections } from '#src/dns/sections.ts'
import { CellsByServer } from '#src/metrics.ts'
import { type Handler, type Instance, onReply, type Query, Reply, type ServerBlock } from '#src/plugin.ts'
import type { Ipv4Prefix } from '#src/translation/ipv4-prefix.ts'
import { absence, rebuilt } from '#src/translation/replies.ts'

export interface Options {
  readonly prefix: Ipv4Prefix
  /** Whether names that have IPv6 addresses are translated, too. */
  readonly translateAll: boolean
  /** Whether clients that ask over IPv4 also get translated addresses. */
  readonly allowIpv4: boolean
}

export class Dns64 implements Instance {
  readonly #options: Options
  readonly #resolve: Handler
  readonly #translated: CellsByServer

  constructor(options: Options, { server, resolve }: ServerBlock) {
    this.#options = options
    this.#resolve = resolve
    this.#translated = new CellsByServer(
      server.metrics.counter('coredns_dns64_requests_translated_total', 'Counter of DNS requests translated by dns64.'),
    )
  }

  wrap(next: Handler): Handler {
    return query => (this.#concerns(query) ? onReply(query, next(query), this.#complete) : next(query))
  }

  /** Who wants to validate what there is translates on their own (RFC 6147 §5.5). */
  #concerns({ type, class: classCode, client, flags, edns }: Query): boolean {
    if (type !== TYPE.AAAA || classCode !== CLASS.IN) return false
    if (client.family === 4 && !this.#options.allowIpv4) return false
    return !(edns?.dnssecOk && (flags & FLAG.CD) !== 0)
  }

  readonly #complete = (reply: Reply, query: Query): Reply | PromiseLike<Reply> => {
    if (reply.silent || reply.rcode === RCODE.NXDOMAIN) return reply
    const own = addressesOf(reply.sections)
    const meant = own.filter(isMeant)
    if (meant.length > 0 && !this.#options.translateAll) return meant.length < own.length ? withoutMapped(query, reply) : reply
    const derived = query.derive(query.key, TYPE.A)
    return onReply(derived, this.#resolve(derived), found => {
      this.#translated.of(query.listener.label).value++
      const isFound = found.sections.answerSpans.some(({ type }) => type === TYPE.A)
      return meant.length > 0 && !isFound ? reply : this.#translate(derived, found, absence(reply))
    })
  }

  /** What is found for A as what is answered for AAAA (RFC 6147 §5.1.7). @param longest TTL of addresses, in seconds */
  #translate(asked: Query, found: Reply, longest: number): Reply {
    const { prefix } = this.#options
    const sections = rebuilt(asked, found, record =>
      record.type === TYPE.A
        ? { ...record, type: TYPE.AAAA, ttl: Math.min(record.ttl, longest), data: prefix.embed(record.data) }
        : record,
    )
    const { rcode, flags, cause, extendedError, upstream, shuffle } = found
    return Object.assign(new Reply(rcode, flags & (FLAG.RA | FLAG.TC), sections), { cause, extendedError, upstream, shuffle })
  }
}

/** The data of the AAAA records of the answer. */
const addressesOf = ({ bytes, answerSpans }: Sections): Uint8Array[] =>
  answerSpans.filter(({ type }) => type === TYPE.AAAA).map(({ fixed, end }) => bytes.subarray(fixed + 10, end))

/** Mapped IPv4 addresses, ::ffff:0:0/96, are nowhere to go (RFC 6147 §5.1.4). */
const isMeant = (address: Uint8Array): boolean => {
  const first = address.findIndex(octet => octet !== 0)
  return first !== 10 || address[10] !== 0xff || address[11] !== 0xff
}

function withoutMapped(query: Query, reply: Reply): Reply {
  reply.sections = rebuilt(query, reply, record => (record.type === TYPE.AAAA && !isMeant(record.data) ? undefined : record))
  reply.ttl = undefined
  return reply
}
