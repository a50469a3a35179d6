/** *rrl* bounds how many queries a client may ask, and how many responses of a kind it is sent, a second. */
import { FLAG, RCODE, TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { hashOf } from '#src/dns/name-hash.ts'
import { ownerOf } from '#src/dns/rebase.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import {
  type Handler,
  type MetadataReader,
  onReply,
  type Plugin,
  type Query,
  type Reply,
  type ServerBlock,
  silence,
} from '#src/plugin.ts'
import { Accounts } from './accounts.ts'
import { Exceeded } from './exceeded.ts'
import { Networks } from './networks.ts'
import { KINDS, type Kind, type Options, parse } from './options.ts'

export const rrl: Plugin<Options> = {
  name: 'rrl',
  parse,
  create: (options, block) => {
    const limiter = new Limiter(options, block)
    return { wrap: next => limiter.wrap(next) }
  },
}

/** In the place of a kind, for accounts of queries. */
const REQUESTS = KINDS.length

class Limiter {
  readonly #options: Options
  readonly #block: ServerBlock
  /** Milliseconds in which one of a kind is earned; 0 for no limit. */
  readonly #intervals: Readonly<Record<Kind | 'requests', number>>
  readonly #accounts: Accounts
  readonly #networks: Networks
  readonly #requests: Exceeded
  readonly #responses: Exceeded
  #wildcardOf: MetadataReader | undefined

  constructor(options: Options, block: ServerBlock) {
    const { metrics } = block.server
    const { intervals, tableSize, window } = options
    const sockets = block.sockets ?? 1
    const intervalOf = (kind: Kind) => (intervals[kind] ?? intervals.responses ?? 0) * sockets
    this.#options = options
    this.#block = block
    this.#intervals = {
      requests: (intervals.requests ?? 0) * sockets,
      responses: intervalOf('responses'),
      nodata: intervalOf('nodata'),
      nxdomains: intervalOf('nxdomains'),
      referrals: intervalOf('referrals'),
      errors: intervalOf('errors'),
    }
    this.#accounts = new Accounts(tableSize / sockets, window)
    this.#networks = new Networks(options.bits)
    this.#requests = Exceeded.of(metrics, 'coredns_rrl_requests_exceeded_total', 'Counter of requests exceeding QPS limit.')
    this.#responses = Exceeded.of(metrics, 'coredns_rrl_responses_exceeded_total', 'Counter of responses exceeding QPS limit.')
  }

  wrap(next: Handler): Handler {
    const { zones, reportOnly } = this.#options
    const { requests: interval, ...intervals } = this.#intervals
    const limitsResponses = Object.values(intervals).some(each => each > 0)
    this.#wildcardOf = this.#block.metadata('zone/wildcard')
    return query => {
      // Lookups by the server itself were counted with the client's query.
      if (query.depth > 0 || !zones.has(query.key)) return next(query)
      const { client, received, transport } = query
      if (interval > 0 && this.#accounts.debit(this.#networks.of(client), REQUESTS, 0, interval, received) > 0) {
        this.#requests.count(client.address)
        if (!reportOnly) return silence('query rate exceeded the limit')
      }
      // Only over UDP may senders be forged.
      return limitsResponses && transport === 'udp' ? onReply(query, next(query), this.#limit) : next(query)
    }
  }

  readonly #limit = (reply: Reply, query: Query): Reply => {
    const kind = kindOf(reply)
    const interval = this.#intervals[kind]
    if (interval === 0 || reply.silent) return reply
    const { client, received, type } = query
    const typeCode = kind === 'responses' || kind === 'referrals' ? type : 0
    const number = (typeCode << 3) | KINDS.indexOf(kind)
    const name = this.#nameOf(kind, reply, query)
    const exceeded = this.#accounts.debit(this.#networks.of(client), number, name, interval, received)
    if (exceeded === 0) return reply
    this.#responses.count(client.address)
    const { reportOnly, slipRatio } = this.#options
    if (reportOnly) return reply
    if (slipRatio === 0 || exceeded % slipRatio > 0) return silence('response rate exceeded the limit')
    reply.sections = NO_RECORDS
    reply.flags |= FLAG.TC
    return reply
  }

  /** The hash of the name under which a response is counted. */
  #nameOf(kind: Kind, reply: Reply, query: Query): number {
    if (kind === 'errors') return 0
    const { sections } = reply
    if (kind === 'nxdomains' || kind === 'referrals')
      // Without answers, the first record is one of the authority.
      return sections.authorities > 0 ? hashOf(ownerOf(query, sections, sections.spans[0]!)) : 0
    const wildcard = this.#wildcardOf?.(query, reply)
    return wildcard ? hashOf(toKey(wildcard.slice('*.'.length))) : query.hash
  }
}

function kindOf({ rcode, sections }: Reply): Kind {
  if (sections.answers > 0) return 'responses'
  if (rcode === RCODE.NXDOMAIN) return 'nxdomains'
  if (rcode !== RCODE.NOERROR) return 'errors'
  return sections.authorities > 0 && sections.spans[0]!.type === TYPE.NS ? 'referrals' : 'nodata'
}
