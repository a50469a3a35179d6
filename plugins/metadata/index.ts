/** *metadata* lets plugins tell each other of queries. */
import { ZoneSet } from '#src/dns/zone-map.ts'
import type { Plugin } from '#src/plugin.ts'

export const metadata: Plugin<ZoneSet> = {
  name: 'metadata',

  parse(directive) {
    const line = directive.once()
    const zones = new ZoneSet(line.zones(directive.zones))
    line.end()
    return zones
  },

  create(zones, block) {
    block.metadataZones = zones
    return {}
  },
}
