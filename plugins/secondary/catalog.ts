/** Catalog zones: zones that list others (RFC 9432). */
import { TYPE } from '#src/dns/codes.ts'
import { isUnder, keyOf, labelsOf, lowerCase, ROOT, toText } from '#src/dns/name.ts'
import type { Zone } from '#src/zones/zone.ts'

/** The version of the schema that is understood (§4.2.1). */
const VERSION = '2'
/** Zones of one catalog. */
const MAX_MEMBERS = 10_000

/** A zone that a catalog lists. */
export interface Member {
  /** Its label there, which tells whether it is still the same zone (§5.4). */
  readonly id: string
  /** The key of the catalog that is to have it (§4.3.1). */
  readonly heir: string | undefined
}

/** The zones that a catalog lists, by their keys. @throws {RangeError} what makes it none that is understood */
export function readCatalog(zone: Zone): ReadonlyMap<string, Member> {
  const { key } = zone
  const name = `catalog zone ${toText(key)}`
  if (!zone.apex.get(TYPE.NS)) throw new RangeError(`${name} has no NS record`)
  const versions = (zone.get(keyOf(['version'], key))?.get(TYPE.TXT)?.data ?? []).map(textOf)
  if (versions.length !== 1) throw new RangeError(`${name} must have exactly one version TXT record`)
  if (versions[0] !== VERSION) throw new RangeError(`${name} has unsupported version "${versions[0]}"`)

  const targets = readTargets(zone)
  const members = new Map<string, Member>()
  for (const [id, { zones, heirs }] of targets) {
    const [member, ...others] = zones
    if (member === undefined) continue
    if (others.length > 0) throw new RangeError(`${name} names several zones under ${id}`)
    if (heirs.length > 1) throw new RangeError(`${name} has more than one coo PTR record under ${id}`)
    const other = members.get(member)
    if (other) throw new RangeError(`${name} lists ${toText(member)} under both ${other.id} and ${id}`)
    if (members.size === MAX_MEMBERS) throw new RangeError(`${name} lists more than ${MAX_MEMBERS} zones`)
    members.set(member, { id, heir: heirs[0] })
  }
  return members
}

/** What the PTR records below `zones` lead to, by the label there. */
function readTargets(zone: Zone): Map<string, { zones: string[]; heirs: string[] }> {
  const below = keyOf(['zones'], zone.key)
  const targets = new Map<string, { zones: string[]; heirs: string[] }>()
  for (const { owner, type, data } of zone.records()) {
    if (type !== TYPE.PTR || !isUnder(owner, below)) continue
    const [id, property, ...more] = labelsOf(owner.slice(0, -below.length) + ROOT).reverse()
    if (id === undefined || more.length > 0) continue
    const found = targets.get(id) ?? { zones: [], heirs: [] }
    targets.set(id, found)
    if (property === undefined) found.zones.push(lowerCase(data))
    else if (property === 'coo') found.heirs.push(lowerCase(data))
  }
  return targets
}

/** The character-strings of a TXT record, together. */
function textOf(data: string): string {
  let text = ''
  for (let at = 0; at < data.length; at += 1 + data.charCodeAt(at)) text += data.slice(at + 1, at + 1 + data.charCodeAt(at))
  return text
}
