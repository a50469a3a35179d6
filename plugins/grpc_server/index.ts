/** *grpc_server* limits the connections of the block's `grpc://` listeners, and the calls of each connection. */
import { type ConnectionBounds, readConnectionBounds } from '#src/corefile/connection-bounds.ts'
import type { Plugin } from '#src/plugin.ts'

export const grpc_server: Plugin<ConnectionBounds> = {
  name: 'grpc_server',
  parse: readConnectionBounds,
  create(bounds, block) {
    block.bounds.grpc = bounds
    return {}
  },
}
