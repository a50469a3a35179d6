/** *dns64* gives clients that speak IPv6 alone addresses for names that have IPv4 ones (RFC 6147). */
import type { Plugin } from '#src/plugin.ts'
import { Ipv4Prefix } from '#src/translation/ipv4-prefix.ts'
import { Dns64, type Options } from './dns64.ts'

export const dns64: Plugin<Options> = {
  name: 'dns64',

  parse(directive) {
    const options = { prefix: Ipv4Prefix.WELL_KNOWN, translateAll: false, allowIpv4: false }
    for (const line of directive.uses()) {
      if (line.left > 0) options.prefix = Ipv4Prefix.read(line)
      line.options({
        prefix: option => {
          options.prefix = Ipv4Prefix.read(option)
        },
        translate_all: () => {
          options.translateAll = true
        },
        allow_ipv4: () => {
          options.allowIpv4 = true
        },
      })
      line.end()
    }
    return options
  },

  create: (options, block) => new Dns64(options, block),
}
