/** *geoip* tells where clients are, and of which network, from a MaxMind database. */
import type { Plugin } from '#src/plugin.ts'
import { GeoIp, type Options } from './geoip.ts'

export const geoip: Plugin<Options> = {
  name: 'geoip',

  parse(directive) {
    const line = directive.once()
    const options: Options = { path: line.text('DBFILE'), bySubnet: false }
    line.options({
      'edns-subnet': () => {
        options.bySubnet = true
      },
    })
    line.end()
    return options
  },

  create: (options, block) => new GeoIp(options, block),
}
