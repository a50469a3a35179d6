import type { Cell, Labels, Metrics, Scalar } from '#src/metrics.ts'
import type { Half } from './store.ts'

/** What one listener's queries count. */
export interface Counts {
  requests: Cell
  misses: Cell
  hits: Record<Half, Cell>
  /** Gauges; each listener tells how much the store that all of them share held when it last added something. */
  entries: Record<Half, Cell>
  evictions: Record<Half, Cell>
  renewals: Cell
  renewalsSkipped: Cell
  drops: Cell
  servedStale: Cell
}

/** The counts of a cache, for each listener by its label. */
export class CountsByServer {
  readonly #metrics: Metrics
  readonly #labels: Labels
  readonly #counts = new Map<string, Counts>()

  /** @param labels its zones, with commas between, and the view of its server block */
  constructor(metrics: Metrics, labels: { zones: string; view: string }) {
    this.#metrics = metrics
    this.#labels = labels
  }

  of(server: string): Counts {
    return this.#counts.get(server) ?? this.#bind(server)
  }

  values(): Iterable<Counts> {
    return this.#counts.values()
  }

  #bind(server: string): Counts {
    const metrics = this.#metrics
    const labels = { server, ...this.#labels }
    const count = (name: string, help: string) => metrics.counter(name, help).with(labels)
    const halves = (metric: Scalar): Record<Half, Cell> => ({
      success: metric.with({ ...labels, type: 'success' }),
      denial: metric.with({ ...labels, type: 'denial' }),
    })
    const counts: Counts = {
      requests: count('coredns_cache_requests_total', 'The count of cache requests.'),
      misses: count('coredns_cache_misses_total', 'The count of cache misses: requests less hits.'),
      hits: halves(metrics.counter('coredns_cache_hits_total', 'The count of cache hits.')),
      entries: halves(metrics.gauge('coredns_cache_entries', 'The number of elements in the cache.', { parts: true })),
      evictions: halves(metrics.counter('coredns_cache_evictions_total', 'The count of entries that made room for others.')),
      renewals: count('coredns_cache_prefetch_total', 'The count of entries that the upstream was asked for anew.'),
      renewalsSkipped: count(
        'coredns_cache_prefetch_skipped_total',
        'The count of entries not asked for anew because too many were.',
      ),
      drops: count('coredns_cache_drops_total', 'The count of replies not cached because they fit another question.'),
      servedStale: count('coredns_cache_served_stale_total', 'The count of requests served from stale cache entries.'),
    }
    this.#counts.set(server, counts)
    return counts
  }
}
