import type { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import type { OpenIndex } from '#src/feeds/cluster-index/open-indexes.ts'
import { untilKnown } from '#src/feeds/cluster-index/startup.ts'
import type { KindName } from '#src/feeds/kubernetes/objects.ts'
import type { Logger, ServerBlock } from '#src/plugin.ts'
import { observeProgramming, observeRequests } from './metrics.ts'
import type { Options } from './options.ts'

/** Begins to watch the cluster, and keeps `view` up to date. Fulfilled when everything is known, or when that has taken too long. */
export async function watch(
  options: Options,
  { root, server: { metrics } }: ServerBlock,
  log: Logger,
  view: ClusterView,
  signal: AbortSignal,
): Promise<OpenIndex> {
  // HTTP/2 and all that reads objects take 10 MB, for those that watch a cluster.
  const { openIndex } = await import('#src/feeds/cluster-index/open-indexes.ts')
  const opened = await openIndex(options.source(root), options.selectors, log)
  const { cluster, index, filled } = opened
  const kinds = kindsOf(options)
  cluster.onRequest = observeRequests(metrics)
  observeProgramming(metrics, index)
  const details = { pods: options.podNames, zones: options.zonal }
  cluster.need(view, kinds, details)
  view.index = index
  view.waiting = () => cluster.waiting(kinds, details)
  await filled
  await untilKnown(view.waiting, cluster.synced(kinds, details), options.startupTimeout, log, signal)
  return opened
}

const kindsOf = ({ endpoints, pods, multicluster }: Options): KindName[] => [
  'Namespace',
  'Service',
  ...(endpoints ? (['EndpointSlice'] as const) : []),
  ...(pods === 'verified' ? (['Pod'] as const) : []),
  ...(multicluster.size > 0 ? (['ServiceImport', 'ImportedSlice'] as const) : []),
]
