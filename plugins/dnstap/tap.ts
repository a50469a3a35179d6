import { RCODE } from '#src/dns/codes.ts'
import { type Field, Placeholders, QUERY_FIELDS } from '#src/placeholders.ts'
import { type Query, Reply, type ServerBlock, type UpstreamExchange } from '#src/plugin.ts'
import { commonFields, extraField, messageField, type Sighting, TYPE } from './message.ts'
import type { TapOptions } from './options.ts'
import type { Target } from './target.ts'

/** Fields of the reply are a dash: a message is reported before there is a reply, or without one. */
const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ...QUERY_FIELDS,
  ...['rcode', 'rsize', 'duration', '>rflags'].map(name => [name, () => '-'] as const),
])

/** One `dnstap` line at work: tells its target of messages. */
export class Tap {
  readonly #target: Target
  readonly #full: boolean
  readonly #common: Uint8Array
  readonly #extra: Placeholders | undefined

  constructor({ full, identity, version, extra }: TapOptions, target: Target, block: ServerBlock) {
    this.#target = target
    this.#full = full
    this.#common = commonFields(identity, version ?? `istio-coredns-${block.server.version}`)
    this.#extra = extra === '' ? undefined : new Placeholders(extra, FIELDS, label => block.metadata(label))
  }

  get isWanted(): boolean {
    return this.#target.isWanted
  }

  clientQuery(query: Query): void {
    this.#tellOfClient(query, NO_REPLY, TYPE.CLIENT_QUERY, query.message)
  }

  clientResponse(query: Query, reply: Reply, message: Uint8Array): void {
    this.#tellOfClient(query, reply, TYPE.CLIENT_RESPONSE, message, performance.now())
  }

  forwarderQuery(exchange: UpstreamExchange): void {
    this.#tellOfUpstream(exchange, TYPE.FORWARDER_QUERY, exchange.message)
  }

  forwarderResponse(exchange: UpstreamExchange, message: Uint8Array): void {
    this.#tellOfUpstream(exchange, TYPE.FORWARDER_RESPONSE, message, performance.now())
  }

  #tellOfClient(query: Query, reply: Reply, type: Sighting['type'], octets: Uint8Array, responded?: number): void {
    const { transport, client: initiator, received: queried } = query
    this.#tell({ type, transport, initiator, responder: undefined, queried, responded, octets }, query, reply)
  }

  #tellOfUpstream(exchange: UpstreamExchange, type: Sighting['type'], octets: Uint8Array, responded?: number): void {
    const { query, transport, local: initiator, remote: responder, sentAt: queried, to: upstream } = exchange
    // Metadata tells who was asked.
    const reply = Object.assign(new Reply(RCODE.NOERROR), { upstream })
    this.#tell({ type, transport, initiator, responder, queried, responded, octets }, query, reply)
  }

  #tell(sighting: Sighting, query: Query, reply: Reply): void {
    const { isWanted, queue } = this.#target
    if (!isWanted || !queue.admits()) return
    const message = messageField(sighting, this.#full)
    if (this.#extra) queue.add([this.#common, extraField(this.#extra.fill(query, reply, 0)), message])
    else queue.add([this.#common, message])
  }
}

const NO_REPLY = new Reply(RCODE.NOERROR)
