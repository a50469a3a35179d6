/** *debug* makes the log say more. */
import type { Plugin } from '#src/plugin.ts'

export const debug: Plugin<void> = {
  name: 'debug',
  parse: directive => directive.empty(),
  create(_, block) {
    block.debug = true
    return {}
  },
}
