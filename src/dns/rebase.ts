/** Records of a reply to one question, for a reply to another one. */
import { endOfName, nameOffsets, readKey, readWire } from './message.ts'
import type { Query } from './query.ts'
import type { RecordSpan } from './record-spans.ts'
import { readTtl, readUint16, type Sections, SectionsBuilder } from './sections.ts'

/** A record that stands for itself: no name in it is compressed. */
export interface WholeRecord {
  /** Key. */
  owner: string
  readonly type: number
  readonly class: number
  /** In seconds. */
  ttl: number
  data: Uint8Array
}

/**
 * All records of `sections`, which answer `asked`, in their order.
 * @throws {FormatError} a name is not well formed
 */
export const wholeRecords = (asked: Query, sections: Sections): WholeRecord[] =>
  // Compression pointers count from the start of the message.
  recordsOf(Buffer.concat([asked.message.subarray(0, asked.questionEnd), sections.bytes]), sections, readKey)

function recordsOf(message: Buffer, { bytes, spans, base }: Sections, read: typeof readKey): WholeRecord[] {
  return spans.map(({ start, fixed, end, type }) => ({
    owner: nameAt(message, base + start, read),
    type,
    class: readUint16(bytes, fixed + 2),
    ttl: readTtl(bytes, fixed),
    data: wholeData(message, base + fixed + 10, base + end, type, read),
  }))
}

/**
 * Adds all records of `sections`, which answer `asked`, to `builder`, whose answer section is open.
 * @param change what becomes of a record, the first of all being 0; undefined leaves it out
 * @throws {FormatError} a name is not well formed
 */
export function rebase(
  asked: Query,
  sections: Sections,
  builder: SectionsBuilder,
  change = (record: WholeRecord, _at: number): WholeRecord | undefined => record,
): SectionsBuilder {
  return fill(builder, sections, wholeRecords(asked, sections).map(change))
}

/**
 * The same records, their names compressed, if they are shorter then.
 * @param message where they stand
 */
export function compressed(message: Buffer, sections: Sections): Sections {
  const built = fill(new SectionsBuilder(readWire(message, 12)), sections, recordsOf(message, sections, readWire)).build()
  return built.length < sections.length ? built : sections
}

/** Records of a reply to a question for `key`, in one message. */
export function sectionsOf(
  key: string,
  answers: readonly WholeRecord[],
  authorities: readonly WholeRecord[],
  additionals: readonly WholeRecord[],
): Sections {
  const counts = { answers: answers.length, authorities: authorities.length }
  return fill(new SectionsBuilder(key), counts, [...answers, ...authorities, ...additionals]).build()
}

function fill(
  builder: SectionsBuilder,
  { answers, authorities }: Pick<Sections, 'answers' | 'authorities'>,
  records: readonly (WholeRecord | undefined)[],
): SectionsBuilder {
  for (const [i, record] of records.entries()) {
    if (i === answers) builder.authority()
    if (i === answers + authorities) builder.additional()
    if (record) builder.record(record.owner, record.type, record.class, record.ttl, record.data)
  }
  return builder
}

/** The owner of the first answer; undefined without answers. @throws {FormatError} */
export function firstOwner(asked: Query, sections: Sections): string | undefined {
  const [first] = sections.answerSpans
  return first && ownerOf(asked, sections, first)
}

/** The owner of a record of `sections`, which answer `asked`. @throws {FormatError} */
export function ownerOf(asked: Query, sections: Sections, { start }: RecordSpan): string {
  const message = Buffer.concat([asked.message.subarray(0, asked.questionEnd), sections.bytes])
  return nameAt(message, asked.questionEnd + start)
}

/**
 * The data of a record of a message, from `start` to `end`, with no name in it compressed.
 * @param read what reads a name that is whole, as octets
 * @throws {FormatError} a name is not well formed, or not within the data
 */
export function wholeData(message: Buffer, start: number, end: number, type: number, read = readKey): Buffer {
  const names = nameOffsets(message, start, end, type)
  const behind = names.pop()
  if (behind === undefined) return message.subarray(start, end)
  const whole = names.map(at => Buffer.from(read(message, at), 'latin1'))
  return Buffer.concat([message.subarray(start, names[0]), ...whole, message.subarray(behind, end)])
}

/** The data of a record in canonical form: names of the older types are in lower case (RFC 4034 §6.2). @param data with no name compressed */
export function canonicalData(type: number, data: string): string {
  const octets = Buffer.from(data, 'latin1')
  return wholeData(octets, 0, octets.length, type).toString('latin1')
}

function nameAt(message: Buffer, at: number, read = readKey): string {
  endOfName(message, at)
  return read(message, at)
}
