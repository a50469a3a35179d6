/** *secondary* answers for zones that are transferred from other servers (RFC 5936). */
import type { Plugin } from '#src/plugin.ts'
import { type Options, Secondary, type Source } from './secondary.ts'

export const secondary: Plugin<Options> = {
  name: 'secondary',
  authoritative: true,

  // secondary [ZONES...] { transfer from ADDRESS...; catalog [MEMBER-ZONES...]; fallthrough [ZONES...] }
  parse(directive) {
    const sources: Source[] = []
    const served = new Set<string>()
    let fallthrough: readonly string[] = []
    for (const line of directive.uses()) {
      const source: Source = { zones: line.zones(directive.zones), primaries: [], members: undefined }
      for (const zone of source.zones) {
        if (served.has(zone)) throw line.problem(`zone ${zone} has primaries already`)
        served.add(zone)
      }
      line.options({
        transfer: option => {
          option.oneOf('DIRECTION', ['from'])
          do {
            if (option.peek() === '*') throw option.problem("can't use '*' in transfer from")
            source.primaries.push(option.server('ADDRESS'))
          } while (option.left > 0)
        },
        catalog: option => {
          source.members = [...(source.members ?? []), ...option.zones(['.'])]
        },
        // For all zones of the block, as in CoreDNS.
        fallthrough: option => {
          fallthrough = option.zones(['.'])
        },
      })
      line.end()
      if (source.primaries.length === 0) throw line.problem('secondary zones require a transfer from property')
      sources.push(source)
    }
    return { sources, fallthrough }
  },

  create: (options, block) => new Secondary(options, block),
}
