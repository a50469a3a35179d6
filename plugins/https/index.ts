/** *https* bounds the connections of the block's listeners of `https://`, and the requests of each. */
import type { Line, Plugin } from '#src/plugin.ts'

/** Undefined for as many as usual. */
interface Options {
  readonly connections: number | undefined
  readonly streams: number | undefined
}

/** The most that a client can be told of (RFC 9113 §6.5.1). */
const MOST_STREAMS = 0xffff_ffff

export const https: Plugin<Options> = {
  name: 'https',

  parse(directive) {
    const line = directive.once()
    const bounds = new Map<string, number>()
    const bound = (max?: number) => (option: Line) => {
      if (bounds.has(option.word)) throw option.problem(`${option.word} already defined for this server block`)
      bounds.set(option.word, option.integer('N', 0, max))
    }
    line.options({ max_connections: bound(), max_streams: bound(MOST_STREAMS) })
    line.end()
    return { connections: bounds.get('max_connections') || undefined, streams: bounds.get('max_streams') || undefined }
  },

  create({ connections, streams }, block) {
    block.httpsConnections = connections
    if (streams !== undefined) block.limits.streams = streams
    return {}
  },
}
