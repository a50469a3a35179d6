/** Records of a reply to one question, for a reply to another one. */
import { TYPE } from './codes.ts'
import { endOfName, readKey } from './message.ts'
import type { Query } from './query.ts'
import { readTtl, readUint16, type Sections, type SectionsBuilder } from './sections.ts'

/** Octets before a name in the data of a record, and names that stand there one behind the other, by the types whose names may be compressed (RFC 3597 §4). */
const NAMES: ReadonlyMap<number, readonly [before: number, names: number]> = new Map([
  [TYPE.NS, [0, 1]],
  [TYPE.CNAME, [0, 1]],
  [TYPE.PTR, [0, 1]],
  [TYPE.DNAME, [0, 1]],
  [TYPE.SOA, [0, 2]],
  [TYPE.MX, [2, 1]],
  [TYPE.SRV, [6, 1]],
  [TYPE.RP, [0, 2]],
  [TYPE.AFSDB, [2, 1]],
])

/**
 * Adds all records of `sections`, which answer `asked`, to `builder`, whose answer section is open.
 * @throws {FormatError} a name is not well formed
 */
export function rebase(asked: Query, sections: Sections, builder: SectionsBuilder): SectionsBuilder {
  // Compression pointers count from the start of the message.
  const base = asked.questionEnd
  const message = Buffer.concat([asked.message.subarray(0, base), sections.bytes])
  for (const [i, { start, fixed, end, type }] of sections.spans.entries()) {
    if (i === sections.answers) builder.authority()
    if (i === sections.answers + sections.authorities) builder.additional()
    const classCode = readUint16(sections.bytes, fixed + 2)
    const data = withWholeNames(message, base + fixed + 10, base + end, type)
    builder.record(nameAt(message, base + start).key, type, classCode, readTtl(sections.bytes, fixed), data)
  }
  return builder
}

/** The owner of the first answer; undefined without answers. @throws {FormatError} */
export function firstOwner(asked: Query, sections: Sections): string | undefined {
  const [first] = sections.answerSpans
  if (!first) return undefined
  const message = Buffer.concat([asked.message.subarray(0, asked.questionEnd), sections.bytes])
  return nameAt(message, asked.questionEnd + first.start).key
}

function withWholeNames(message: Buffer, start: number, end: number, type: number): Uint8Array {
  const [before, names] = NAMES.get(type) ?? [0, 0]
  if (names === 0) return message.subarray(start, end)
  let at = start + before
  const parts: Uint8Array[] = [message.subarray(start, at)]
  for (let i = 0; i < names; i++) {
    const name = nameAt(message, at)
    parts.push(Buffer.from(name.key, 'latin1'))
    at = name.end
  }
  return Buffer.concat([...parts, message.subarray(at, end)])
}

function nameAt(message: Buffer, at: number): { key: string; end: number } {
  const end = endOfName(message, at)
  return { key: readKey(message, at), end }
}
