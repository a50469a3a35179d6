/** What an update makes of a zone (RFC 2136 §3), in the order in which CoreDNS judges it. */
import { CLASS, RCODE, TYPE, TYPES } from '../../dns/codes.ts'
import { octetsOf } from '../../dns/master-file/octets.ts'
import type { MasterRecord } from '../../dns/master-file/record.ts'
import { isUnder } from '../../dns/name.ts'
import { isNewer, serialOf } from '../../zones/zone.ts'
import { canonicalOf, isSame, type Records, type Size, UNSUPPORTED } from './zone-records.ts'

export interface ZoneUpdate {
  /** Records whose class says what is to be there (§2.4). */
  readonly prerequisites: readonly MasterRecord[]
  /** Records whose class says what becomes of them (§2.5). */
  readonly updates: readonly MasterRecord[]
  /** Whether the client may change all of them. */
  readonly isAllowed: boolean
  /** The most that the zone may have then. */
  readonly limits: Size
}

const KNOWN: ReadonlySet<number> = new Set(TYPES.values())
/** Types of queries, which no record has. */
const META: ReadonlySet<number> = new Set([
  ...[TYPE.ANY, TYPE.AXFR, TYPE.IXFR, TYPE.MAILA, TYPE.MAILB, TYPE.OPT, TYPE.TKEY, TYPE.TSIG],
])

/** Whether somebody may be allowed to change records of the type; ANY is to delete all of a name. */
export const isUpdatable = (type: number): boolean =>
  type === TYPE.ANY || (KNOWN.has(type) && !META.has(type) && !UNSUPPORTED.has(type))

/**
 * The names that an update changes, each with all records that it has then.
 * @param zone key
 * @returns the rcode where there is nothing to change
 */
export function evaluate(zone: string, records: Records, { prerequisites, updates, isAllowed }: ZoneUpdate): Records | number {
  const failed = checkPrerequisites(zone, records, prerequisites)
  if (failed !== RCODE.NOERROR) return failed
  if (!isAllowed) return RCODE.REFUSED
  const broken = updates.map(update => check(zone, update)).find(rcode => rcode !== RCODE.NOERROR)
  if (broken !== undefined) return broken
  const draft = new Draft(zone, records)
  for (const update of updates) draft.apply(update)
  draft.finish()
  return draft.changes.size > 0 ? draft.changes : RCODE.NOERROR
}

function checkPrerequisites(zone: string, records: Records, prerequisites: readonly MasterRecord[]): number {
  /** What whole sets are to be, by owner and type. */
  const wanted = new Map<string, MasterRecord[]>()
  for (const record of prerequisites) {
    const { owner, type, class: classCode, ttl, data } = record
    if (ttl !== 0) return RCODE.FORMERR
    if (!isUnder(owner, zone)) return RCODE.NOTZONE
    if (UNSUPPORTED.has(type)) return RCODE.NOTIMP
    if (!KNOWN.has(type)) return RCODE.FORMERR
    if (classCode === CLASS.IN) {
      if (META.has(type)) return RCODE.FORMERR
      const set = `${type} ${owner}`
      wanted.set(set, [...(wanted.get(set) ?? []), record])
      continue
    }
    const isAny = type === TYPE.ANY
    if ((classCode !== CLASS.ANY && classCode !== CLASS.NONE) || data !== '' || (META.has(type) && !isAny)) return RCODE.FORMERR
    const held = records.get(owner) ?? []
    const exists = isAny ? held.length > 0 : held.some(other => other.type === type)
    if (classCode === CLASS.ANY && !exists) return isAny ? RCODE.NXDOMAIN : RCODE.NXRRSET
    if (classCode === CLASS.NONE && exists) return isAny ? RCODE.YXDOMAIN : RCODE.YXRRSET
  }
  for (const set of wanted.values()) {
    const [{ owner, type }] = set as [MasterRecord]
    const held = (records.get(owner) ?? []).filter(other => other.type === type)
    if (new Set(held.map(canonicalOf)).symmetricDifference(new Set(set.map(canonicalOf))).size > 0) return RCODE.NXRRSET
  }
  return RCODE.NOERROR
}

function check(zone: string, { owner, type, class: classCode, ttl, data }: MasterRecord): number {
  if (!isUnder(owner, zone)) return RCODE.NOTZONE
  if (!KNOWN.has(type)) return RCODE.FORMERR
  const isDeletion = classCode === CLASS.ANY || classCode === CLASS.NONE
  if (!isDeletion && classCode !== CLASS.IN) return RCODE.FORMERR
  if (META.has(type) && !(classCode === CLASS.ANY && type === TYPE.ANY)) return RCODE.FORMERR
  if (isDeletion && ttl !== 0) return RCODE.FORMERR
  if (classCode === CLASS.ANY && data !== '') return RCODE.FORMERR
  if (classCode === CLASS.IN && type === TYPE.SOA && (owner !== zone || serialOf(data) === 0)) return RCODE.FORMERR
  return UNSUPPORTED.has(type) ? RCODE.NOTIMP : RCODE.NOERROR
}

/** The records of a zone with changes (§3.4.2). What would break it is passed over, as the RFC says. */
class Draft {
  readonly changes = new Map<string, readonly MasterRecord[]>()
  readonly #zone: string
  readonly #records: Records
  #hasNewSoa = false

  constructor(zone: string, records: Records) {
    this.#zone = zone
    this.#records = records
  }

  #of(owner: string): readonly MasterRecord[] {
    return this.changes.get(owner) ?? this.#records.get(owner) ?? []
  }

  apply(update: MasterRecord): void {
    if (update.class === CLASS.IN) this.#add({ ...update, ttl: update.ttl > 0x7fffffff ? 0 : update.ttl })
    else if (update.class === CLASS.ANY) this.#deleteSets(update)
    else this.#delete(update)
  }

  #add(record: MasterRecord): void {
    const { owner, type, ttl } = record
    const held = this.#of(owner)
    if (type === TYPE.SOA) {
      const soa = held.find(other => other.type === TYPE.SOA)!
      if (!isNewer(serialOf(record.data), serialOf(soa.data))) return
      this.#hasNewSoa = true
      this.#replace(soa, record)
      return
    }
    if (held.some(other => (other.type === TYPE.CNAME) !== (type === TYPE.CNAME))) return
    const known = held.find(other => type === TYPE.CNAME || isSame(other, record))
    if (!known) this.changes.set(owner, [...held, record])
    else if (known.ttl !== ttl || !isSame(known, record)) this.#replace(known, record)
  }

  #deleteSets({ owner, type }: MasterRecord): void {
    const isKept = (record: MasterRecord) => owner === this.#zone && (record.type === TYPE.SOA || record.type === TYPE.NS)
    this.#keep(owner, record => isKept(record) || (type !== TYPE.ANY && record.type !== type))
  }

  #delete(deletion: MasterRecord): void {
    const { owner, type } = deletion
    if (owner === this.#zone && type === TYPE.SOA) return
    const isLastServer =
      owner === this.#zone && type === TYPE.NS && this.#of(owner).filter(other => other.type === TYPE.NS).length <= 1
    if (!isLastServer) this.#keep(owner, record => !isSame(record, deletion))
  }

  #keep(owner: string, isKept: (record: MasterRecord) => boolean): void {
    const held = this.#of(owner)
    const kept = held.filter(isKept)
    if (kept.length < held.length) this.changes.set(owner, kept)
  }

  #replace(old: MasterRecord, record: MasterRecord): void {
    this.changes.set(
      record.owner,
      this.#of(record.owner).map(other => (other === old ? record : other)),
    )
  }

  /** Every change has a serial of its own, never 0 (§7.11). */
  finish(): void {
    if (this.changes.size === 0 || this.#hasNewSoa) return
    const soa = this.#of(this.#zone).find(({ type }) => type === TYPE.SOA)!
    const serial = octetsOf((serialOf(soa.data) + 1) % 2 ** 32 || 1, 4)
    this.#replace(soa, { ...soa, data: soa.data.slice(0, -20) + serial + soa.data.slice(-16) })
  }
}
