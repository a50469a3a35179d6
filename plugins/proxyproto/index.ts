/** *proxyproto* learns who asks from what a proxy puts in front of it. */
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
