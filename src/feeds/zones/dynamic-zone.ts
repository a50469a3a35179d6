import type { Logger } from '../../log.ts'
import type { ServedZone } from '../../zones/served-zones.ts'
import { SharedFeeds } from '../shared-feeds.ts'
import type { Records } from './zone-records.ts'
import type { ZoneUpdate } from './zone-update.ts'

/** Where the records of a zone are. */
export interface DynamicSource {
  /** As text. */
  readonly origin: string
  /** The master file that the zone begins with. */
  readonly file: string
  /** Where its records are kept; undefined for memory alone. */
  readonly database: string | undefined
}

/** What has become of an update. */
export interface Outcome {
  readonly rcode: number
  /** That of the zone with it; undefined where it changed nothing. */
  readonly serial?: number
  /** Why nothing has changed, where the rcode does not say it. */
  readonly cause?: string
}

/** Told which names are others now, each with all records that it has; a promise is fulfilled when that is what it answers with. */
type ChangeListener = (changes: Records) => void | Promise<void>

/** A zone that clients change. There is one of it in the process, which the main thread writes; other threads have copies. */
export interface DynamicZone extends ServedZone {
  log: Logger
  /** By owner. */
  readonly records: Records
  readonly listeners: Set<ChangeListener>
  /** Fulfilled when this thread has the zone. */
  readonly caughtUp: Promise<void>
  /** Fulfilled when every thread answers with what has come of it. Never rejects. */
  update(update: ZoneUpdate): Promise<Outcome>
  close(): Promise<void>
}

/** The zones that clients change. A reload keeps them. */
export const dynamicZones = new SharedFeeds<DynamicZone, [source: DynamicSource]>(
  ({ origin, file, database }) =>
    JSON.stringify(database === undefined ? [origin, 'file', file] : [origin, 'database', database]),
  async (_key, log, source) => {
    const { WrittenZone } = await import('./written-zone.ts')
    return WrittenZone.open(source, log)
  },
)
