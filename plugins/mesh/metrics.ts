import type { Feed } from '#src/feeds/feed.ts'
import { feeds } from '#src/feeds/feeds.ts'
import type { Traffic } from '#src/feeds/report.ts'
import { exponential, type Histogram, type Metrics, type Scalar } from '#src/metrics.ts'

/** Exports the state of every feed as metrics, read at each scrape. */
export function exportMetrics(metrics: Metrics): void {
  perFeed(metrics.gauge('coredns_mesh_hosts', 'Hosts that the source knows.'), countHosts)
  perFeed(metrics.gauge('coredns_mesh_endpoints', 'Ready endpoint addresses of the hosts that the source knows.'), countEndpoints)
  perFeed(
    metrics.gauge('coredns_mesh_data_age_seconds', 'Seconds since the source was last known to say what is held.'),
    ({ current }) => (current === undefined ? undefined : (performance.now() - current) / 1000),
  )
  perFeed(
    metrics.counter('coredns_mesh_rejected_documents_total', 'Documents that were not accepted, or only in part.'),
    feed => feed.rejected,
  )
  perFeed(metrics.gauge('coredns_mesh_istiod_connected', 'Whether there is a stream from istiod.'), ({ connected }) =>
    connected === undefined ? undefined : Number(connected),
  )
  perType(metrics.counter('coredns_mesh_istiod_pushes_total', 'Responses of istiod, by type.'), ({ pushes }) => pushes)
  perType(
    metrics.counter('coredns_mesh_istiod_nacks_total', 'Responses of istiod that were not accepted, or only in part.'),
    ({ nacks }) => nacks,
  )
  perType(metrics.counter('coredns_mesh_istiod_received_bytes_total', 'Octets of responses of istiod.'), ({ octets }) => octets)
  perType(
    metrics.gauge('coredns_mesh_istiod_push_age_seconds', 'Seconds since the last response of istiod.'),
    ({ time }) => (performance.now() - time) / 1000,
  )
  const objects = metrics.gauge('coredns_mesh_objects', 'Objects held of the source, by kind.')
  objects.read = () => {
    objects.clear()
    for (const { source, objects: counts } of feeds.all)
      for (const [kind, count] of counts) objects.with({ source: source.name, kind }).value = count
  }
}

export const changeDelays = (metrics: Metrics): Histogram =>
  metrics.histogram(
    'coredns_mesh_change_delay_seconds',
    'From what led to a change of endpoints until it was answered, where the source says when that was.',
    exponential(0.001, 2, 20),
  )

function perFeed(metric: Scalar, value: (feed: Feed) => number | undefined): void {
  metric.read = () => {
    metric.clear()
    for (const feed of feeds.all) {
      const now = value(feed)
      if (now !== undefined) metric.with({ source: feed.source.name }).value = now
    }
  }
}

function perType(metric: Scalar, value: (traffic: Traffic) => number): void {
  metric.read = () => {
    metric.clear()
    for (const { source, traffic = [] } of feeds.all)
      for (const one of traffic) metric.with({ source: source.name, type: one.type }).value = value(one)
  }
}

function countHosts({ records }: Feed): number {
  let count = 0
  for (const { kind } of records.values()) if (kind !== 'Client') count++
  return count
}

function countEndpoints({ records }: Feed): number {
  let count = 0
  for (const record of records.values())
    if (record.kind !== 'Client') for (const { addresses, size } of record.groups) count += addresses.length / size
  return count
}
