import type { Feed } from '#src/feeds/feed.ts'
import { openFeeds } from '#src/feeds/feeds.ts'
import type { Metrics, Scalar } from '#src/metrics.ts'

/** Makes the state of every feed a metric, read when somebody scrapes. */
export function exportMetrics(metrics: Metrics): void {
  perFeed(metrics.gauge('coredns_mesh_hosts', 'Hosts that the source knows.'), feed => feed.records.size)
  perFeed(metrics.gauge('coredns_mesh_endpoints', 'Ready endpoint addresses of the hosts that the source knows.'), countEndpoints)
  perFeed(
    metrics.gauge('coredns_mesh_data_age_seconds', 'Seconds since the source was last known to say what is held.'),
    ({ current }) => (current === undefined ? undefined : (performance.now() - current) / 1000),
  )
  perFeed(
    metrics.counter('coredns_mesh_rejected_documents_total', 'Documents that were not accepted, or only in part.'),
    feed => feed.rejected,
  )
  const objects = metrics.gauge('coredns_mesh_objects', 'Objects held of the source, by kind.')
  objects.read = () => {
    clear(objects)
    for (const { source, objects: counts } of openFeeds())
      for (const [kind, count] of counts) objects.with({ source: source.name, kind }).value = count
  }
}

function perFeed(metric: Scalar, value: (feed: Feed) => number | undefined): void {
  metric.read = () => {
    clear(metric)
    for (const feed of openFeeds()) {
      const now = value(feed)
      if (now !== undefined) metric.with({ source: feed.source.name }).value = now
    }
  }
}

/** A feed that has ended has no samples. */
function clear(metric: Scalar): void {
  for (const { labels } of [...metric.cells()]) metric.remove(labels)
}

function countEndpoints({ records }: Feed): number {
  let count = 0
  for (const { groups } of records.values()) for (const { addresses, size } of groups) count += addresses.length / size
  return count
}
