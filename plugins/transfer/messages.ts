import { standIn } from '#src/dns/name.ts'
import { type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import type { ZoneRecord, ZoneVersion } from '#src/plugin.ts'

/** Octets of records in a message: what lies behind them no compression pointer reaches (RFC 1035 §4.1.4). One that is longer goes alone. */
const ROOM = 16_000

/** What a zone is sent as (RFC 5936 §2.2): its SOA record first and last. */
export function* framed(records: Iterable<ZoneRecord>): Iterable<ZoneRecord> {
  let soa: ZoneRecord | undefined
  for (const record of records) {
    soa ??= record
    yield record
  }
  yield soa!
}

export function soaOf(version: ZoneVersion): ZoneRecord {
  const [soa] = version.records()
  return soa!
}

/** Records as the answers of as many messages as they need, each made when it is asked for. @param question key of its name */
export function* messages(question: string, records: Iterable<ZoneRecord>): Generator<Sections> {
  // No name is shortened by that of the question, whose letters are as the client wrote them (RFC 5936 §3.4).
  const behind = standIn(question.length)
  let builder = new SectionsBuilder(behind)
  for (const { owner, type, ttl, data } of records) {
    if (builder.length > 0 && builder.length + owner.length + 10 + data.length > ROOM) {
      yield builder.build()
      builder = new SectionsBuilder(behind)
    }
    builder.octets(owner, type, ttl, data)
  }
  yield builder.build()
}
