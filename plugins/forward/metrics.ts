import { rcodeName } from '#src/dns/codes.ts'
import { type Cell, exponential, type HistogramCell, type Metrics } from '#src/metrics.ts'

const PROXY = 'forward'

/** What is counted of all `forward` lines together. */
export function forwardCounters(metrics: Metrics): { broken: Cell; rejected: Cell } {
  return {
    broken: metrics.counter('coredns_forward_healthcheck_broken_total', 'Times that no upstream was up.').with({}),
    rejected: metrics
      .counter('coredns_forward_max_concurrent_rejects_total', 'Queries refused because too many were in flight.')
      .with({}),
  }
}

/** What is counted of one upstream. */
export class UpstreamMetrics {
  readonly #metrics: Metrics
  readonly #to: string
  /** By rcode. */
  readonly #durations = new Map<number, HistogramCell>()
  readonly healthFailures: Cell

  constructor(metrics: Metrics, to: string) {
    this.#metrics = metrics
    this.#to = to
    this.healthFailures = metrics
      .counter('coredns_proxy_healthcheck_failures_total', 'Failed health checks.')
      .with({ proxy_name: PROXY, to })
  }

  observe(rcode: number, seconds: number): void {
    let cell = this.#durations.get(rcode)
    if (!cell) {
      cell = this.#metrics
        .histogram('coredns_proxy_request_duration_seconds', 'Time that upstreams took to reply.', exponential(0.00025, 2, 16))
        .with({ proxy_name: PROXY, to: this.#to, rcode: rcodeName(rcode) })
      this.#durations.set(rcode, cell)
    }
    cell.observe(seconds)
  }

  /** Queries that found a socket or connection open, and those that opened one. */
  connections(proto: 'udp' | 'tcp' | 'tcp-tls'): { hits: Cell; misses: Cell } {
    const labels = { proxy_name: PROXY, to: this.#to, proto }
    return {
      hits: this.#metrics.counter('coredns_proxy_conn_cache_hits_total', 'Queries sent over open connections.').with(labels),
      misses: this.#metrics.counter('coredns_proxy_conn_cache_misses_total', 'Connections opened for queries.').with(labels),
    }
  }
}
