import { quickCompilers } from '../../compilers.ts'
import { SharedFeeds } from '../shared-feeds.ts'
import type { AccessSource } from './access.ts'
import type { Selectors } from './kinds.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** The clusters that are watched. */
export const clusters = new SharedFeeds<WatchedCluster, [source: AccessSource, selectors: Selectors]>(
  (source, { labels, namespaceLabels }) => JSON.stringify([source.key, labels, namespaceLabels]),
  async (_key, log, source, selectors) => {
    const { Cluster } = await import('./cluster.ts')
    quickCompilers()
    return new Cluster(source, selectors, log)
  },
)
