import { CLASS } from '#src/dns/codes.ts'
import { isRdata } from '#src/dns/master-file/rdata.ts'
import type { MasterRecord } from '#src/dns/master-file/record.ts'
import { FormatError, readKey, readRecord, readWire } from '#src/dns/message.ts'
import { wholeData } from '#src/dns/rebase.ts'
import { readUint16, readUint32 } from '#src/dns/sections.ts'
import type { Query } from '#src/plugin.ts'

/** How many records an update has: prerequisites, and updates (RFC 2136 §2.2). */
export const countsOf = ({ message }: Query): readonly [prerequisites: number, updates: number] => [
  readUint16(message, 6),
  readUint16(message, 8),
]

/** The records of both sections, with TTLs of 32 bits as they came. @throws {FormatError} data that are not what their type has */
export function sectionsOf(update: Query): { prerequisites: MasterRecord[]; updates: MasterRecord[] } {
  const [prerequisites, updates] = countsOf(update)
  const message = Buffer.from(update.message.buffer, update.message.byteOffset, update.message.length)
  const records: MasterRecord[] = []
  for (let at = update.questionEnd; records.length < prerequisites + updates; ) {
    const { fixed, end, type } = readRecord(message, at)
    const data = end === fixed + 10 ? '' : wholeData(message, fixed + 10, end, type, readWire).toString('latin1')
    const classCode = readUint16(message, fixed + 2)
    // Without data, a record stands for others, but for one that is to be in the zone.
    if (!isRdata(type, data) && (data !== '' || classCode === CLASS.IN))
      throw new FormatError(`data of a record at octet ${at} are not what its type has`)
    records.push({ owner: readKey(message, at), type, class: classCode, ttl: readUint32(message, fixed + 4), data })
    at = end
  }
  return { prerequisites: records.slice(0, prerequisites), updates: records.slice(prerequisites) }
}
