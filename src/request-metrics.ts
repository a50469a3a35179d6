/**
 * What is counted of each request, under CoreDNS's names and labels. The *prometheus* plugin counts what goes down a chain; the server
 * counts what does not, as of zone `dropped`.
 */
import { rcodeName, TYPE, typeName } from './dns/codes.ts'
import { replyLength } from './dns/length.ts'
import type { Client, Query, Transport } from './dns/query.ts'
import type { Reply } from './dns/reply.ts'
import { type Cell, exponential, type Histogram, type HistogramCell, type Labels, type Metrics, type Scalar } from './metrics.ts'

/** The zone of requests that no chain saw. Without a last dot, so that it is no zone. */
const DROPPED = 'dropped'

/** The types with a label of their own: clients may ask for any of 65,536. */
const TYPES = new Set<number>([
  TYPE.A, TYPE.AAAA, TYPE.CNAME, TYPE.DNSKEY, TYPE.DS, TYPE.MX, TYPE.NSEC, TYPE.NSEC3, TYPE.NS, TYPE.PTR, TYPE.RRSIG, TYPE.SOA, TYPE.SRV,
  TYPE.TXT, TYPE.HTTPS, TYPE.SVCB, TYPE.IXFR, TYPE.AXFR, TYPE.ANY,
]) // biome-ignore format: a table

const SECONDS = exponential(0.00025, 2, 16)
const OCTETS = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16e3, 32e3, 48e3, 64e3]

/** The metrics of requests. Cells are made for one zone at a time. */
export class RequestMetrics {
  readonly requests: Scalar
  readonly dnssecOk: Scalar
  readonly duration: Histogram
  readonly requestSize: Histogram
  readonly responseSize: Histogram
  readonly responses: Scalar

  constructor(metrics: Metrics) {
    this.requests = metrics.counter('coredns_dns_requests_total', 'Requests by zone, protocol, address family and type.')
    this.dnssecOk = metrics.counter('coredns_dns_do_requests_total', 'Requests with the DO bit set.')
    this.duration = metrics.histogram('coredns_dns_request_duration_seconds', 'Time from request to response.', SECONDS)
    this.requestSize = metrics.histogram('coredns_dns_request_size_bytes', 'Length of requests.', OCTETS)
    this.responseSize = metrics.histogram(
      'coredns_dns_response_size_bytes',
      'Length of responses, before they are fitted to the client.',
      OCTETS,
    )
    this.responses = metrics.counter('coredns_dns_responses_total', 'Responses by rcode and the plugin that made them.')
  }

  /** @param server the listener's label */
  zone(server: string, zone: string, view = ''): ZoneRequests {
    return new ZoneRequests(this, { server, zone, view })
  }

  /** For the requests to one listener that no chain sees. */
  dropped(server: string): ZoneRequests {
    return this.zone(server, DROPPED)
  }
}

/** The requests of one zone on one listener: each cell is looked up by its labels when it is first needed, and by numbers after that. */
export class ZoneRequests {
  readonly #metrics: RequestMetrics
  readonly #labels: Labels
  readonly #duration: HistogramCell
  #dnssecOk: Cell | undefined
  readonly #protocols: { udp?: ProtocolRequests; tcp?: ProtocolRequests } = {}
  /** By rcode, then by plugin. */
  readonly #responses: Map<string, Cell>[] = []

  constructor(metrics: RequestMetrics, labels: Labels) {
    this.#metrics = metrics
    this.#labels = labels
    this.#duration = metrics.duration.with(labels)
  }

  /** Counts a query with its reply. */
  count(query: Query, reply: Reply, seconds: number): void {
    const protocol = this.#protocol(query.transport)
    protocol.requests(query.client.family, query.type).value++
    protocol.requestSize.observe(query.message.length)
    protocol.responseSize.observe(replyLength(query, reply))
    this.#duration.observe(seconds)
    if (query.edns?.dnssecOk) {
      this.#dnssecOk ??= this.#metrics.dnssecOk.with(this.#labels)
      this.#dnssecOk.value++
    }
    this.#response(reply.rcode, reply.plugin ?? '').value++
  }

  /** Counts a message that is no query, with the message that answers it, if one does. */
  countMessage(message: Uint8Array, client: Client, transport: Transport, reply: Uint8Array | undefined): void {
    const protocol = this.#protocol(transport)
    protocol.requests(client.family, 0).value++
    protocol.requestSize.observe(message.length)
    if (!reply) return
    protocol.responseSize.observe(reply.length)
    this.#response(reply[3]! & 15, '').value++
  }

  #protocol(transport: Transport): ProtocolRequests {
    const proto = transport === 'udp' ? 'udp' : 'tcp'
    this.#protocols[proto] ??= new ProtocolRequests(this.#metrics, { ...this.#labels, proto })
    return this.#protocols[proto]
  }

  #response(rcode: number, plugin: string): Cell {
    return this.#responses[rcode]?.get(plugin) ?? this.#bindResponse(rcode, plugin)
  }

  #bindResponse(rcode: number, plugin: string): Cell {
    const name = rcodeName(rcode)
    const label = name === String(rcode) ? `RCODE${rcode}` : name
    const cell = this.#metrics.responses.with({ ...this.#labels, rcode: label, plugin })
    this.#responses[rcode] ??= new Map()
    this.#responses[rcode].set(plugin, cell)
    return cell
  }
}

class ProtocolRequests {
  readonly requestSize: HistogramCell
  readonly responseSize: HistogramCell
  readonly #counter: Scalar
  readonly #labels: Labels
  /** By type; 0 for all types without a label of their own. */
  readonly #ipv4: Cell[] = []
  readonly #ipv6: Cell[] = []

  constructor({ requests, requestSize, responseSize }: RequestMetrics, labels: Labels) {
    this.#counter = requests
    this.#labels = labels
    this.requestSize = requestSize.with(labels)
    this.responseSize = responseSize.with(labels)
  }

  requests(family: 4 | 6, type: number): Cell {
    const cells = family === 4 ? this.#ipv4 : this.#ipv6
    return cells[type] ?? this.#bind(cells, family, type)
  }

  #bind(cells: Cell[], family: 4 | 6, type: number): Cell {
    const told = TYPES.has(type)
    if (!told && type !== 0) return this.requests(family, 0)
    const labels = { ...this.#labels, family: family === 4 ? '1' : '2', type: told ? typeName(type) : 'other' }
    const cell = this.#counter.with(labels)
    cells[type] = cell
    return cell
  }
}
