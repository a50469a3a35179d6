/** The indexes of clusters that are watched: one for each cluster, however many Corefile blocks name it, and kept over a reload. */
import type { Logger } from '../../log.ts'
import type { AccessSource } from '../kubernetes/access.ts'
import { clusters } from '../kubernetes/clusters.ts'
import type { Selectors } from '../kubernetes/kinds.ts'
import type { WatchedCluster } from '../kubernetes/watched-cluster.ts'
import { ClusterIndex } from './cluster-index.ts'

export interface OpenIndex {
  readonly cluster: WatchedCluster
  readonly index: ClusterIndex
  /** Fulfilled when everything that the cluster held at first is in it. */
  readonly filled: Promise<void>
}

const open = new Map<WatchedCluster, OpenIndex & { users: number }>()

/** @param log where the cluster tells its troubles from now on */
export async function openIndex(source: AccessSource, selectors: Selectors, log: Logger): Promise<OpenIndex> {
  const cluster = await clusters.open(log, source, selectors)
  const held = open.get(cluster)
  if (held) {
    held.users++
    return held
  }
  const index = new ClusterIndex()
  const opened = { cluster, index, filled: cluster.join(index), users: 1 }
  open.set(cluster, opened)
  return opened
}

/** One user fewer, and what `user` needed of the cluster; the last one ends it. */
export function closeIndex({ cluster, index }: OpenIndex, user: object): void {
  const held = open.get(cluster)
  if (held && --held.users === 0) {
    open.delete(cluster)
    cluster.leave(index)
  }
  cluster.release(user)
  void clusters.leave(cluster)
}
