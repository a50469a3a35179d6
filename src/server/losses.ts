import type { Metrics } from '../metrics.ts'
import type { Losses } from '../transport/transport.ts'
import type { OpenPlace } from './listeners.ts'

const REASONS: readonly (keyof Losses)[] = ['overflows', 'shed', 'unsent']

/** Exports what the sockets of the places lost. It is asked for when somebody looks. */
export function exportLosses(metrics: Metrics, places: () => Iterable<OpenPlace>): void {
  const lost = metrics.counter(
    'coredns_udp_lost_total',
    'Datagrams that were not read in time, not answered for that reason, or not sent.',
  )
  lost.read = () => {
    for (const place of places()) {
      const losses = place.losses()
      for (const reason of REASONS)
        lost.with({ server: place.label, reason }).value = losses.reduce((sum, each) => sum + each[reason], 0)
    }
  }
}
