/** The clusters that are watched: each once, however many Corefile blocks name it, and kept over a reload. */
import type { Logger } from '../../log.ts'
import type { AccessSource } from './access.ts'
import { Cluster } from './cluster.ts'
import type { Selectors } from './kinds.ts'

const open = new Map<string, { cluster: Cluster; users: number }>()

/** @param log where it tells its troubles from now on */
export function openCluster(source: AccessSource, selectors: Selectors, log: Logger): Cluster {
  const key = JSON.stringify([source.key, selectors.labels, selectors.namespaceLabels])
  const held = open.get(key)
  if (held) {
    held.users++
    held.cluster.log = log
    return held.cluster
  }
  const cluster = new Cluster(source, selectors, log)
  open.set(key, { cluster, users: 1 })
  return cluster
}

/** One user fewer; the last one ends it. */
export function closeCluster(cluster: Cluster): void {
  for (const [key, held] of open) {
    if (held.cluster !== cluster || --held.users > 0) continue
    open.delete(key)
    cluster.close()
  }
}

/** Every cluster that is in use. */
export const openClusters = (): Cluster[] => Array.from(open.values(), ({ cluster }) => cluster)
