/** Readers of what lines say that pass queries on. Each throws a Problem at the word that is wrong. */
import type { Line } from '../corefile/directive.ts'
import { expandZone } from '../corefile/labels.ts'
import { toKey } from '../dns/name.ts'

/** Upstreams of one line. */
export const MOST_UPSTREAMS = 15

/** The key of the zone to forward; of a CIDR that stands for several, the first. */
export function readFrom(line: Line): string {
  const text = line.text('FROM')
  try {
    const [zone, another] = expandZone(text)
    if (another !== undefined) line.warn(`Unsupported CIDR notation: '${text}' expands to multiple zones. Using only '${zone}'.`)
    return toKey(zone!)
  } catch (error) {
    throw line.problem(`unable to normalize '${text}': ${(error as Error).message}`)
  }
}

/** Zones below it whose queries are not: `except IGNORED_NAMES...`. */
export function readExcept(option: Line): readonly string[] {
  if (option.left === 0) option.text('IGNORED_NAMES')
  return option.zones([])
}
