import type { ClusterIndex } from '#src/feeds/cluster-index/cluster-index.ts'
import { exponential, type Metrics } from '#src/metrics.ts'

/** Observes how long changes of endpoints take to get here. */
export function observeProgramming(metrics: Metrics, index: ClusterIndex): void {
  const duration = metrics.histogram(
    'coredns_kubernetes_dns_programming_duration_seconds',
    'Histogram of the time (in seconds) it took to program a dns instance.',
    exponential(0.001, 2, 20),
  )
  const virtual = duration.with({ service_kind: 'cluster_ip' })
  const headless = duration.with({ service_kind: 'headless_with_selector' })
  index.onProgrammed = (service, seconds) => (service.headless ? headless : virtual).observe(seconds)
}
