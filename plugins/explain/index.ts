/** *explain* tells over HTTP how a query is answered, and why. */
import type { Plugin } from '#src/plugin.ts'
import { Explain } from './explain.ts'

export const explain: Plugin<string> = {
  name: 'explain',

  parse(directive) {
    const line = directive.once()
    const address = line.left > 0 ? line.address('ADDRESS') : 'localhost:8053'
    line.end()
    return address
  },

  create: (address, block) => new Explain(address, block),
}
