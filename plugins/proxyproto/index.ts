/** *proxyproto* takes the client's address from the header that a proxy sends in front. */
import type { Plugin } from '#src/plugin.ts'
import { type Options, parse } from './options.ts'
import { ProxyProtocol } from './proxy-protocol.ts'

export const proxyproto: Plugin<Options> = {
  name: 'proxyproto',
  parse,

  create(options, block) {
    const protocol = new ProxyProtocol(options, block.log())
    block.headers = protocol
    return protocol
  },
}
