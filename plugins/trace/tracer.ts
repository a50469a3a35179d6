import { isIPv6 } from 'node:net'
import { rcodeName, typeName } from '#src/dns/codes.ts'
import {
  type Handler,
  type Instance,
  type Listener,
  type MetadataReader,
  onReply,
  Query,
  Reply,
  type ServerBlock,
  type UpstreamExchange,
  type UpstreamTap,
} from '#src/plugin.ts'
import type { Options } from './options.ts'
import type { Endpoint } from './protocol.ts'
import { Reporter } from './reporter.ts'
import { type Span, type SpanRecord, Trace } from './trace.ts'

/** More than a chain has plugins. */
const PLACES = 1000

/** The trace of a query; undefined where it has none. */
const traceOf = ({ client }: Query): Trace | undefined => client.trace as Trace | undefined

export class Tracer implements Instance, UpstreamTap {
  readonly #options: Options
  readonly #block: ServerBlock
  readonly #reporter: Reporter
  #endpoint: Endpoint
  /** Plugins below that were seen so far. */
  #watched = 0
  readonly #asked = new WeakMap<UpstreamExchange, Span>()

  constructor(options: Options, block: ServerBlock) {
    const { protocol, url, service, reporting } = options
    this.#options = options
    this.#block = block
    this.#reporter = new Reporter(url, protocol, reporting, block.log('trace'), block.server.metrics)
    this.#endpoint = { serviceName: service }
    block.taps.push(this)
  }

  serving(listeners: readonly Listener[]): void {
    const [address] = this.#block.bind
    const listener = listeners.find(candidate => candidate.address === address)
    if (listener)
      this.#endpoint = { ...this.#endpoint, [isIPv6(listener.address) ? 'ipv6' : 'ipv4']: address, port: listener.port }
  }

  wrap(next: Handler): Handler {
    const { every, isShared, protocol } = this.#options
    let queries = 0
    return query => {
      if (every === 0 || ++queries % every > 0 || traceOf(query)) return next(query)
      const { client, zone } = query
      const context = client.headers ? protocol.readContext(client.headers) : undefined
      const trace = new Trace('servedns', context ?? {}, isShared, protocol.newTraceId, this.#report)
      const traced = Object.assign(new Query({ ...query, client: { ...client, trace } }), { zone })
      return onReply(traced, next(traced), finish)
    }
  }

  readonly #report = (span: SpanRecord): void => this.#reporter.add(span, this.#endpoint)

  around(plugin: string, handler: Handler): Handler {
    const place = -this.#watched++
    return query => {
      const trace = traceOf(query)
      if (!trace) return handler(query)
      const span = trace.begin(plugin, query.depth * PLACES + place)
      const end = (reply: Reply): Reply => {
        trace.end(span)
        return reply
      }
      const reply = handler(query)
      return reply instanceof Reply ? end(reply) : reply.then(end)
    }
  }

  metadata(label: string): MetadataReader | undefined {
    return label === 'trace/traceid' ? query => traceOf(query)?.id : undefined
  }

  asked(exchange: UpstreamExchange): void {
    const span = traceOf(exchange.query)?.begin('connect', undefined, { 'peer.address': exchange.to })
    if (span) this.#asked.set(exchange, span)
  }

  answered(exchange: UpstreamExchange): void {
    const span = this.#asked.get(exchange)
    if (span) traceOf(exchange.query)!.end(span)
  }

  async stop(): Promise<void> {
    await this.#reporter.end()
  }
}

function finish(reply: Reply, query: Query): Reply {
  const { cause } = reply
  const tags = {
    'coredns.io/name': query.name,
    'coredns.io/proto': query.transport === 'udp' ? 'udp' : 'tcp',
    'coredns.io/rcode': rcodeName(reply.rcode),
    'coredns.io/remote': query.client.address,
    'coredns.io/type': typeName(query.type),
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  traceOf(query)!.finish(tags, cause === undefined ? undefined : reason)
  return reply
}
