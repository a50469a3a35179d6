/** The clusters that are watched: each once, however many Corefile blocks name it, and kept over a reload. */
import { quickCompilers } from '../../compilers.ts'
import type { Logger } from '../../log.ts'
import { Shared } from '../shared.ts'
import type { AccessSource } from './access.ts'
import type { Selectors } from './kinds.ts'
import type { WatchedCluster } from './watched-cluster.ts'

const clusters = new Shared<WatchedCluster>()

let makeCluster = async (_key: string, source: AccessSource, selectors: Selectors, log: Logger): Promise<WatchedCluster> => {
  const { Cluster } = await import('./cluster.ts')
  quickCompilers()
  return new Cluster(source, selectors, log)
}

/** How clusters are watched from now on, where not from here. */
export function openClustersBy(way: typeof makeCluster): void {
  makeCluster = way
}

/** @param log where it tells its troubles from now on */
export async function openCluster(source: AccessSource, selectors: Selectors, log: Logger): Promise<WatchedCluster> {
  const key = JSON.stringify([source.key, selectors.labels, selectors.namespaceLabels])
  const cluster = await clusters.open(key, () => makeCluster(key, source, selectors, log))
  cluster.log = log
  return cluster
}

/** The cluster with this key as soon as somebody has opened it; it is to be closed, too. */
export const joinCluster = (key: string, signal: AbortSignal): Promise<WatchedCluster> => clusters.join(key, signal)

/** One user fewer; the last one ends it. */
export function closeCluster(cluster: WatchedCluster): void {
  if (clusters.leave(cluster)) cluster.close()
}

/** Every cluster that is in use. */
export const openClusters = (): WatchedCluster[] => clusters.all
