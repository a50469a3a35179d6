/** The zones that are transferred from primaries: each once, however many Corefile blocks name it, and kept over a reload. */
import type { Logger } from '../../log.ts'
import type { Answers } from '../../zones/answers.ts'
import { Shared } from '../shared.ts'
import type { SecondaryZone, ZoneSource } from './secondary-zone.ts'

const zones = new Shared<SecondaryZone>()

let makeZone = async (source: ZoneSource, known: Answers | undefined, log: Logger): Promise<SecondaryZone> => {
  const { TransferredZone } = await import('./transferred-zone.ts')
  return new TransferredZone(source, known, log)
}

/** How zones are opened from now on, where not from here. */
export function openZonesBy(way: typeof makeZone): void {
  makeZone = way
}

/**
 * The zone of `source`, begun with its first user.
 * @param known what is answered until it is transferred
 * @param log where it tells its troubles from now on
 */
export async function openZone(source: ZoneSource, known: Answers | undefined, log: Logger): Promise<SecondaryZone> {
  const zone = await zones.open(source.key, () => makeZone(source, known, log))
  zone.log = log
  return zone
}

/** The zone with this key as soon as somebody has opened it; it is to be closed, too. */
export const joinZone = (key: string, signal: AbortSignal): Promise<SecondaryZone> => zones.join(key, signal)

/** One user fewer; the last one ends it. */
export function closeZone(zone: SecondaryZone): void {
  if (zones.leave(zone)) zone.close()
}
