import type { Metrics } from '../metrics.ts'
import type { Connections } from '../transport/stream.ts'
import type { Losses } from '../transport/transport.ts'
import type { OpenPlace } from './listeners.ts'

const REASONS: readonly (keyof Losses)[] = ['overflows', 'shed', 'unsent']

/** Exports what the sockets of the places lost, of those that know, and how many connections were turned away. Read at each scrape. */
export function exportLosses(metrics: Metrics, places: () => Iterable<OpenPlace>, connections: Connections): void {
  const lost = metrics.counter(
    'coredns_udp_lost_total',
    'Datagrams that were not read in time, not answered for that reason, or not sent.',
  )
  lost.read = () => {
    for (const place of places()) {
      const losses = place.losses()
      if (losses.length === 0) continue
      for (const reason of REASONS)
        lost.with({ server: place.label, reason }).value = losses.reduce((sum, each) => sum + each[reason], 0)
    }
  }
  const cut = metrics.counter(
    'coredns_tcp_cut_total',
    'Connections, and requests over HTTP/2, that were ended before their time.',
  )
  cut.read = () => {
    for (const [reason, count] of Object.entries(connections.cut)) cut.with({ reason }).value = count
  }
  const refused = metrics.counter(
    'coredns_tcp_connections_refused_total',
    'Connections that were closed at once: the client had too many, or all together had.',
  )
  refused.read = () => {
    refused.with({}).value = connections.refused
  }
}
