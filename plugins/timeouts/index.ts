/** *timeouts* bounds the connections of the block's listeners. */
import type { ConnectionLimits, Line, Plugin } from '#src/plugin.ts'

const HOUR = 3_600_000

export const timeouts: Plugin<Partial<ConnectionLimits>> = {
  name: 'timeouts',

  parse(directive) {
    const limits: Partial<ConnectionLimits> = {}
    for (const line of directive.uses()) {
      const time = (word: 'read' | 'write' | 'idle') => (option: Line) => {
        limits[word] = option.duration('DURATION', { min: 1000, max: 24 * HOUR, bare: 1000 })
      }
      line.options({
        read: time('read'),
        write: time('write'),
        idle: time('idle'),
        maxtcpqueries: option => {
          const queries = option.integer('MAXIMUM', -1)
          if (queries === 0) throw option.problem("maxtcpqueries must be -1 (unlimited) or a positive integer: '0'")
          limits.queries = queries < 0 ? Number.POSITIVE_INFINITY : queries
        },
      })
      line.end()
      if (line.block().length === 0) throw line.problem('timeouts block with no timeouts specified')
    }
    return limits
  },

  create(limits, block) {
    Object.assign(block.limits, limits)
    return {}
  },
}
