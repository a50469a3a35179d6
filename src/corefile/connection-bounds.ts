import type { Directive, Line } from './directive.ts'

/** How much an HTTP listener may have at a time; undefined for the default. */
export interface ConnectionBounds {
  /** Connections, over all its addresses. */
  readonly connections?: number | undefined
  /** Requests of one connection. */
  readonly streams?: number | undefined
}

/** The largest value of SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §6.5.1). */
const MOST_STREAMS = 0xffff_ffff

/** Reads a directive that has these two options only. @throws {Problem} */
export function readConnectionBounds(directive: Directive): ConnectionBounds {
  const line = directive.once()
  const bounds = new Map<string, number>()
  const bound = (max?: number) => (option: Line) => {
    if (bounds.has(option.word)) throw option.problem(`${option.word} already defined for this server block`)
    bounds.set(option.word, option.integer('N', 0, max))
  }
  line.options({ max_connections: bound(), max_streams: bound(MOST_STREAMS) })
  line.end()
  return { connections: bounds.get('max_connections') || undefined, streams: bounds.get('max_streams') || undefined }
}
