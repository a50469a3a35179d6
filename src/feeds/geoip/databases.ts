import type { Logger } from '../../log.ts'
import { SharedFeeds } from '../shared-feeds.ts'
import type { GeoData } from './geo-data.ts'

/** A file with a database, which may be renewed. */
export interface Database {
  log: Logger
  /** Undefined until this thread has it. */
  readonly data: GeoData | undefined
  /** Fulfilled when this thread has it. */
  readonly caughtUp: Promise<void>
  close(): void
}

/** The databases by their absolute paths. Each is in memory once, whatever the number of server blocks, of threads, and of Corefiles while one takes over from another. */
export const databases = new SharedFeeds<Database, [path: string]>(
  path => path,
  async (_key, log, path) => {
    const { WatchedDatabase } = await import('./watched-database.ts')
    return WatchedDatabase.open(path, log)
  },
)
