import type { ClusterIndex } from '#src/feeds/cluster-index/cluster-index.ts'
import type { RequestObserver } from '#src/feeds/kubernetes/connection.ts'
import { exponential, type Metrics } from '#src/metrics.ts'

/** Seconds. */
const LATENCIES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

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

/** Counts and times requests to API servers: each is a list, or a watch up to its beginning. */
export function observeRequests(metrics: Metrics): RequestObserver {
  const requests = metrics.counter(
    'coredns_kubernetes_rest_client_requests_total',
    'Number of HTTP requests, partitioned by status code, method, and host.',
  )
  const durations = metrics.histogram(
    'coredns_kubernetes_rest_client_request_duration_seconds',
    'Request latency in seconds. Broken down by verb and host.',
    LATENCIES,
  )
  return (host, code, seconds) => {
    requests.with({ code, method: 'GET', host }).value++
    durations.with({ verb: 'GET', host }).observe(seconds)
  }
}
