import type { Answers } from '../../zones/answers.ts'
import { SharedFeeds } from '../shared-feeds.ts'
import type { SecondaryZone, ZoneSource } from './secondary-zone.ts'

/** The zones that are transferred from primaries. Where a zone is known from before, that is answered until it is transferred. */
export const secondaryZones = new SharedFeeds<SecondaryZone, [source: ZoneSource, known?: Answers]>(
  source => source.key,
  async (_key, log, source, known) => {
    const { TransferredZone } = await import('./transferred-zone.ts')
    return new TransferredZone(source, known, log)
  },
)
