/** *reload* looks at the Corefile from time to time and loads it when it has changed. */
import { formatDuration } from '#src/corefile/duration.ts'
import type { Plugin } from '#src/plugin.ts'
import { Watch } from './watch.ts'

export interface Options {
  /** Milliseconds. */
  readonly interval: number
  /** Milliseconds by which the interval varies, so that replicas do not reload at once. */
  readonly jitter: number
}

const MIN_INTERVAL = 2000
const MIN_JITTER = 1000

export const reload: Plugin<Options> = {
  name: 'reload',

  parse(directive) {
    const line = directive.uses()[0]!
    const interval = line.left > 0 ? line.duration('INTERVAL', { max: 2 ** 30 }) : 30_000
    if (interval < MIN_INTERVAL) throw line.problem(`interval value must be greater or equal to ${formatDuration(MIN_INTERVAL)}`)
    const jitter = line.left > 0 ? line.duration('JITTER') : 15_000
    if (jitter !== 0 && jitter < MIN_JITTER)
      throw line.problem(`jitter value must be 0 or greater or equal to ${formatDuration(MIN_JITTER)}`)
    line.end()
    return { interval, jitter: Math.min(jitter, interval / 2) }
  },

  create: ({ interval, jitter }, block) =>
    block.server.control ? new Watch(interval + (Math.random() - 0.5) * jitter, block, block.server.control) : {},
}
