import { setImmediate as nextTurn } from 'node:timers/promises'
import { CLASS, className, TYPE, typeName } from '../../dns/codes.ts'
import type { MasterRecord } from '../../dns/master-file/record.ts'
import { isUnder, lowerCase, toText } from '../../dns/name.ts'
import { canonicalData } from '../../dns/rebase.ts'
import { Answers } from '../../zones/answers.ts'
import { serialOf, Zone } from '../../zones/zone.ts'

/** The records of a zone by owner, as key. */
export type Records = ReadonlyMap<string, readonly MasterRecord[]>

/** Records between two turns of the event loop: about a millisecond. */
const SLICE = 500

/** Signatures and what is about them: whoever changes a zone would have to make them anew. */
export const UNSUPPORTED: ReadonlySet<number> = new Set([
  ...[TYPE.SIG, TYPE.KEY, TYPE.NXT, TYPE.DS, TYPE.RRSIG, TYPE.NSEC, TYPE.DNSKEY, TYPE.NSEC3, TYPE.NSEC3PARAM, TYPE.TALINK],
  ...[TYPE.CDS, TYPE.CDNSKEY, TYPE.TA, TYPE.DLV, TYPE.ZONEMD],
])

/** Adds a record to those of a zone. @throws {RangeError} one that a zone with updates cannot have */
export function addRecord(records: Map<string, MasterRecord[]>, zone: string, record: MasterRecord): void {
  const { owner, type, class: classCode, data } = record
  if (classCode !== CLASS.IN) throw new RangeError(`class ${className(classCode)} in a zone of class IN`)
  if (!isUnder(owner, zone)) throw new RangeError(`${toText(owner)} is not below ${toText(zone)}`)
  if (UNSUPPORTED.has(type)) throw new RangeError(`zones with ${typeName(type)} records cannot be updated`)
  const held = records.get(owner) ?? []
  if (held.some(other => isSame(other, record))) return
  if (held.some(other => other.type === TYPE.CNAME || type === TYPE.CNAME))
    throw new RangeError(`${toText(owner)} has CNAME and other records`)
  if (type === TYPE.SOA) {
    if (owner !== zone) throw new RangeError(`the SOA record is of ${toText(owner)}, the zone is ${toText(zone)}`)
    if (held.some(other => other.type === TYPE.SOA)) throw new RangeError('a second SOA record')
    if (serialOf(data) === 0) throw new RangeError('the serial of the SOA record is 0')
  }
  held.push(record)
  records.set(owner, held)
}

/** Whether two records of one name are the same but for their TTL and class, whatever the case of the names in them. */
export const isSame = (one: MasterRecord, other: MasterRecord): boolean =>
  one.type === other.type &&
  (one.data === other.data ||
    (one.data.length === other.data.length &&
      lowerCase(one.data) === lowerCase(other.data) &&
      canonicalOf(one) === canonicalOf(other)))

/** Data with the names in them in lower case; in a prerequisite or a deletion there may be none. */
export const canonicalOf = ({ type, data }: MasterRecord): string => (data === '' ? data : canonicalData(type, data))

/** How much a zone has: records, and the octets that they take in messages without compression. */
export interface Size {
  readonly records: number
  readonly bytes: number
}

export function sizeOf(names: Iterable<readonly MasterRecord[]>): Size {
  let [records, bytes] = [0, 0]
  for (const all of names)
    for (const { owner, data } of all) {
      records++
      bytes += owner.length + 10 + data.length
    }
  return { records, bytes }
}

/** What a zone has too much of; undefined where it is within the limits. */
export function excessOf({ records, bytes }: Size, limits: Size): string | undefined {
  if (records > limits.records) return `zone exceeds max_records (${limits.records})`
  return bytes > limits.bytes ? `zone exceeds max_bytes (${limits.bytes})` : undefined
}

/** @param key of the zone @throws {RangeError} records that no message holds */
export async function answersOf(key: string, records: Records): Promise<Answers> {
  const zone = new Zone(key)
  let count = 0
  for (const all of records.values())
    for (const record of all) {
      zone.add(record)
      if (++count % SLICE === 0) await nextTurn()
    }
  zone.complete()
  return new Answers(zone)
}

/** The records of a zone once some names have others. */
export function changed(records: Records, changes: Records): Records {
  const all = new Map([...records, ...changes])
  for (const [owner, now] of changes) if (now.length === 0) all.delete(owner)
  return all
}
