import { setImmediate as nextTurn } from 'node:timers/promises'
import { TYPE } from '../../dns/codes.ts'
import { isRdata } from '../../dns/master-file/rdata.ts'
import type { MasterRecord } from '../../dns/master-file/record.ts'
import { endOfName, FormatError, readKey, readRecord, readWire } from '../../dns/message.ts'
import { wholeData } from '../../dns/rebase.ts'
import { readTtl, readUint16 } from '../../dns/sections.ts'
import { Zone } from '../../zones/zone.ts'

/** Of one transfer, in octets; as much as may be read from a file. */
const MAX_SIZE = 64 << 20
const MAX_RECORDS = 1_000_000
/** Records between two turns of the event loop: about a millisecond. */
const SLICE = 200

/**
 * A zone from the messages that answer AXFR: its SOA record comes first and last (RFC 5936 §2.2). Records outside are left out (§3.3).
 * @throws {RangeError} more than is taken, or a record that a zone cannot have
 * @throws {FormatError} what breaks RFC 1035 or RFC 5936
 */
export async function readZone(key: string, messages: AsyncIterable<Buffer>): Promise<Zone> {
  const zone = new Zone(key)
  let soa: string | undefined
  let [size, records, isWhole] = [0, 0, false]
  for await (const message of messages) {
    size += message.length
    if (size > MAX_SIZE) throw new RangeError(`more than ${MAX_SIZE} octets`)
    for (const record of answersOf(message)) {
      if (isWhole) throw new FormatError('a record behind the last SOA record')
      if (++records > MAX_RECORDS) throw new RangeError(`more than ${MAX_RECORDS} records`)
      if (records % SLICE === 0) await nextTurn()
      const isSoa = record.type === TYPE.SOA && record.owner === key
      if (isSoa && soa !== undefined) {
        if (record.data !== soa) throw new FormatError('the SOA record at the end is another one than at the beginning')
        isWhole = true
        continue
      }
      if (isSoa) soa = record.data
      else if (soa === undefined) throw new FormatError('the first record is not the SOA record of the zone')
      zone.add(record)
    }
    if (records === 0) throw new FormatError('a reply without records')
    if (isWhole) break
  }
  zone.complete()
  return zone
}

/** The records of a message's answer section. @throws {FormatError} while they are read */
export function* answersOf(message: Buffer): Generator<MasterRecord> {
  let at = 12
  for (let i = readUint16(message, 4); i > 0; i--) at = endOfName(message, at) + 4
  for (let i = readUint16(message, 6); i > 0; i--) {
    const { fixed, end, type } = readRecord(message, at)
    const data = wholeData(message, fixed + 10, end, type, readWire).toString('latin1')
    if (!isRdata(type, data)) throw new FormatError(`data of a record at octet ${at} are not what its type has`)
    yield { owner: readKey(message, at), type, class: readUint16(message, fixed + 2), ttl: readTtl(message, fixed), data }
    at = end
  }
}
