import type { Sections } from './sections.ts'

/** Where one record stands: offsets in `bytes`. */
export interface RecordSpan {
  /** The owner name. */
  start: number
  /** The ten octets of type, class, TTL and RDLENGTH. */
  fixed: number
  end: number
  type: number
}

/** See {@link Sections.spans}. */
export function readSpans({ bytes, answers, authorities, additionals }: Sections): RecordSpan[] {
  let at = 0
  // Of the very length: an array that grows keeps room for more, in each of many thousand answers.
  return Array.from({ length: answers + authorities + additionals }, () => {
    const start = at
    const fixed = skipName(bytes, start)
    at = fixed + 10 + ((bytes[fixed + 8]! << 8) | bytes[fixed + 9]!)
    return { start, fixed, end: at, type: (bytes[fixed]! << 8) | bytes[fixed + 1]! }
  })
}

/** The offset behind a name whose bytes were checked before. */
function skipName(bytes: Uint8Array, at: number): number {
  for (;;) {
    const length = bytes[at]!
    if (length >= 0xc0) return at + 2
    if (length === 0) return at + 1
    at += length + 1
  }
}
