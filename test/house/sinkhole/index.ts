/** *sinkhole* answers that the names of some zones do not exist. */
import { SectionsBuilder } from '#src/dns/sections.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import { nameError, type Plugin } from '#src/plugin.ts'

interface Options {
  zones: readonly string[]
  /** How long clients keep the answer, in seconds. */
  ttl: number
}

export const sinkhole: Plugin<Options> = {
  name: 'sinkhole',

  // sinkhole [ZONES...] { ttl SECONDS }
  parse(directive) {
    const line = directive.once()
    const options = { zones: line.zones(directive.zones), ttl: 60 }
    line.options({
      ttl: option => {
        options.ttl = option.integer('SECONDS', 0, 86_400)
      },
    })
    line.end()
    return options
  },

  create({ zones, ttl }, block) {
    const sunk = new ZoneSet(zones)
    const requests = block.server.metrics.counter('coredns_sinkhole_requests_total', 'Queries for sunk names.').with({})
    return {
      wrap: next => query => {
        const zone = sunk.find(query.key)
        if (zone === undefined) return next(query)
        requests.value++
        const soa = { mname: zone, rname: zone, serial: 1, refresh: 7200, retry: 1800, expire: 86_400, minimum: ttl }
        return nameError(new SectionsBuilder(query.key).authority().soa(zone, ttl, soa).build())
      },
    }
  },
}
