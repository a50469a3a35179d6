/** *https* limits the connections of the block's `https://` listeners, and the requests of each connection. */
import { type ConnectionBounds, readConnectionBounds } from '#src/corefile/connection-bounds.ts'
import type { Plugin } from '#src/plugin.ts'

export const https: Plugin<ConnectionBounds> = {
  name: 'https',
  parse: readConnectionBounds,
  create(bounds, block) {
    block.bounds.https = bounds
    return {}
  },
}
