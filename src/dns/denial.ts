/** Replies that say what does not exist. */
import { TYPE } from './codes.ts'
import type { RecordSpan } from './record-spans.ts'
import { readUint32, type Sections } from './sections.ts'

/** The SOA record of the authority section. */
export const soaOf = ({ spans, answers, authorities }: Sections): RecordSpan | undefined =>
  spans.find((span, i) => i >= answers && i < answers + authorities && span.type === TYPE.SOA)

/** For how many seconds a denial holds: as long as its records, or as the last field of its SOA record says, whichever is less (RFC 2308 §5); undefined without that record. */
export function denialTtl(sections: Sections): number | undefined {
  const soa = soaOf(sections)
  return soa && Math.min(sections.minimumTtl!, readUint32(sections.bytes, soa.end - 4))
}
