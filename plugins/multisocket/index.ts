/** *multisocket* answers on the block's listeners with several threads, each with a socket of its own. */
import { availableParallelism } from 'node:os'
import type { Plugin } from '#src/plugin.ts'

const MAX = 1024

export const multisocket: Plugin<number> = {
  name: 'multisocket',

  parse(directive) {
    const line = directive.once()
    const processors = availableParallelism()
    const sockets = line.left > 0 ? line.integer('N', 1, MAX) : Math.min(processors, MAX)
    line.end()
    if (sockets > processors) line.warn(`${sockets} threads for ${processors} processors: the surplus only takes time and memory`)
    return sockets
  },

  create(sockets, block) {
    block.sockets = sockets
    return {}
  },
}
