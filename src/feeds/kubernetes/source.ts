import type { Source } from '../feed.ts'
import type { AccessSource } from './access.ts'
import { inCluster } from './in-cluster.ts'
import { kubeconfig } from './kubeconfig.ts'

/** What a kubeconfig file says. */
export interface Kubeconfig {
  readonly file: string
  /** By default the file's current one. */
  readonly context: string | undefined
}

/**
 * The objects of a cluster: of the one that this process is a pod of, or of one that a kubeconfig file names.
 * @param root the directory that relative names count from; empty for the working directory
 */
export function kubernetesSource(config: Kubeconfig | undefined, root: string): Source {
  return config ? clusterSource(kubeconfig(config.file, config.context, root)) : { ...clusterSource(inCluster()), own: true }
}

export function clusterSource(access: AccessSource): Source {
  return {
    key: access.key,
    name: access.name,
    async open(log) {
      // HTTP/2 and all that reads objects take 10 MB, for those that watch a cluster.
      const { ClusterFeed } = await import('./cluster-feed.ts')
      const { clusters } = await import('./clusters.ts')
      return new ClusterFeed(this, await clusters.open(log, access, { labels: '', namespaceLabels: '' }))
    },
  }
}
