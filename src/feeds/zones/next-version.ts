import { RCODE, TYPE } from '../../dns/codes.ts'
import type { MasterRecord } from '../../dns/master-file/record.ts'
import { Node } from '../../zones/node.ts'
import { serialOf } from '../../zones/zone.ts'
import type { Outcome } from './dynamic-zone.ts'
import { excessOf, type Records, type Size, sizeOf } from './zone-records.ts'
import { evaluate, type ZoneUpdate } from './zone-update.ts'

/** What updates make of a zone, each of what those before it have left. */
export class NextVersion {
  /** All of the zone. */
  readonly records: Map<string, readonly MasterRecord[]>
  /** The names that have others now. */
  readonly changes = new Map<string, readonly MasterRecord[]>()
  readonly #zone: string
  #size: Size

  /** @param zone key */
  constructor(zone: string, records: Records) {
    this.#zone = zone
    this.records = new Map(records)
    this.#size = sizeOf(records.values())
  }

  /** Takes an update, all of it or nothing. */
  apply(update: ZoneUpdate): Outcome {
    const changes = evaluate(this.#zone, this.records, update)
    if (typeof changes === 'number') return { rcode: changes }
    const size = this.#sizeWith(changes)
    const excess = excessOf(size, update.limits) ?? tooLong(changes)
    if (excess) return { rcode: RCODE.REFUSED, cause: excess }
    this.#size = size
    for (const [owner, records] of changes) {
      this.changes.set(owner, records)
      if (records.length > 0) this.records.set(owner, records)
      else this.records.delete(owner)
    }
    return { rcode: RCODE.NOERROR, serial: this.#serial }
  }

  #sizeWith(changes: Records): Size {
    const before = sizeOf(changes.keys().map(owner => this.records.get(owner) ?? []))
    const after = sizeOf(changes.values())
    return {
      records: this.#size.records - before.records + after.records,
      bytes: this.#size.bytes - before.bytes + after.bytes,
    }
  }

  get #serial(): number {
    return serialOf(this.records.get(this.#zone)!.find(({ type }) => type === TYPE.SOA)!.data)
  }
}

/** Why no message holds all records of a name and type; undefined where one does. */
function tooLong(changes: Records): string | undefined {
  try {
    for (const [owner, records] of changes) {
      const node = new Node(owner, undefined)
      for (const { type, ttl, data } of records) node.add(type, ttl, data)
    }
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}
