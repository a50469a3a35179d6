import type { Watch } from '#src/feeds/kubernetes/watch.ts'
import type { Metrics, Scalar } from '#src/metrics.ts'
import { Clusters } from './clusters.ts'

/** Makes the state of every watch a metric, read when somebody scrapes. */
export function exportMetrics(metrics: Metrics): void {
  const sum = (a: number, b: number) => a + b
  perKind(metrics.gauge('coredns_k8s_gateway_objects', 'Objects that are held, by kind.'), ({ held }) => held.objects.size, sum)
  perKind(
    metrics.counter('coredns_k8s_gateway_rejected_objects_total', 'Objects that were not accepted, or only in part.'),
    ({ held }) => held.rejected,
    sum,
  )
  perKind(
    metrics.gauge('coredns_k8s_gateway_data_age_seconds', 'Seconds since the API server was last heard of, by kind.'),
    ({ heard }) => (performance.now() - heard) / 1000,
    Math.max,
  )
}

/** @param together what several watches of one kind make, each with a label selector */
function perKind(metric: Scalar, value: (watch: Watch) => number, together: (a: number, b: number) => number): void {
  metric.read = () => {
    metric.clear()
    const seen = new Set<Watch>()
    for (const { name: source, watches } of Clusters.opened)
      for (const watch of watches) {
        const now = value(watch)
        if (seen.has(watch) || !Number.isFinite(now)) continue
        seen.add(watch)
        const cell = metric.with({ source, kind: watch.kind.name })
        cell.value = together(cell.value, now)
      }
  }
}
