import { setTimeout } from 'node:timers/promises'
import type { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import type { OpenIndex } from '#src/feeds/cluster-index/open-indexes.ts'
import type { KindName } from '#src/feeds/kubernetes/objects.ts'
import type { Logger, ServerBlock } from '#src/plugin.ts'
import { observeProgramming, observeRequests } from './metrics.ts'
import type { Options } from './options.ts'

/** Milliseconds between two lines that tell what the start waits for. */
const TELL = 500

/** Begins to watch the cluster, and shows it in `view`. Fulfilled when everything is known, or when that has taken too long. */
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
  cluster.need(kinds, { pods: options.podNames, zones: options.zonal })
  view.index = index
  view.waiting = () => cluster.waiting(kinds)
  await filled
  if (view.waiting() === undefined) return opened
  const telling = setInterval(() => log.info('waiting for Kubernetes API before starting server'), TELL)
  const patience = setTimeout(options.startupTimeout, undefined, { signal, ref: false }).catch(() => undefined)
  await Promise.race([cluster.synced(kinds), patience])
  clearInterval(telling)
  if (view.waiting() !== undefined && !signal.aborted) log.warn('starting server with unsynced Kubernetes API')
  return opened
}

const kindsOf = ({ endpoints, pods, multicluster }: Options): KindName[] => [
  'Namespace',
  'Service',
  ...(endpoints ? (['EndpointSlice'] as const) : []),
  ...(pods === 'verified' ? (['Pod'] as const) : []),
  ...(multicluster.size > 0 ? (['ServiceImport', 'ImportedSlice'] as const) : []),
]
