/** *k8s_external* answers for the Services of a cluster under a zone of their own, with the addresses that they have outside of it. */
import { labelsOf, toKey } from '#src/dns/name.ts'
import type { Plugin } from '#src/plugin.ts'
import { isReverse } from '#src/registry/reverse.ts'
import { External, type Options } from './external.ts'

export const k8s_external: Plugin<Options> = {
  name: 'k8s_external',

  parse(directive) {
    const line = directive.once()
    const zones = line.zones(directive.zones)
    const options = { zones, apex: ['dns'], ttl: 5, headless: false, fallthrough: [] as readonly string[] }
    line.options({
      apex: option => {
        options.apex = labelsOf(option.name('APEX'))
      },
      ttl: option => {
        options.ttl = option.integer('TTL', 0, 3600)
      },
      headless: () => {
        options.headless = true
      },
      fallthrough: option => {
        options.fallthrough = option.zones(['.'])
      },
    })
    line.end()
    if (zones.every(zone => isReverse(toKey(zone))))
      throw line.problem('a zone that is not a reverse zone is needed, for the names of services')
    return options
  },

  create(options, block) {
    if (!block.chain.includes('kubernetes')) throw new Error('kubernetes plugin not loaded')
    return new External(options, block)
  },
}
