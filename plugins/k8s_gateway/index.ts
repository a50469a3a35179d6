/** *k8s_gateway* answers with the addresses of a cluster's gateways for the hosts that these serve. */
import type { Plugin } from '#src/plugin.ts'
import { GatewayNames } from './gateway-names.ts'
import { type Options, parseOptions } from './options.ts'

export const k8s_gateway: Plugin<Options> = {
  name: 'k8s_gateway',
  parse: parseOptions,
  create: (options, block) => new GatewayNames(options, block),
}
