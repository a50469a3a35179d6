/** *file* answers from master files (RFC 1035 §5). */
import { LONGEST_TIMER } from '#src/clock.ts'
import type { Plugin } from '#src/plugin.ts'
import { File, type Options, type Source } from './file.ts'

export const file: Plugin<Options> = {
  name: 'file',
  authoritative: true,

  parse(directive) {
    const sources: Source[] = []
    const served = new Set<string>()
    let fallthrough: readonly string[] = []
    for (const line of directive.uses()) {
      const source: Source = {
        path: line.text('DBFILE'),
        zones: line.zones(directive.zones),
        reload: 60_000,
        reloadByTime: false,
      }
      for (const zone of source.zones) {
        if (served.has(zone)) throw line.problem(`zone ${zone} has a file already`)
        served.add(zone)
      }
      line.options({
        reload: option => {
          source.reload = option.duration('DURATION', { max: LONGEST_TIMER })
        },
        reload_by_mtime: () => {
          source.reloadByTime = true
        },
        // For all files of the block, as in CoreDNS.
        fallthrough: option => {
          fallthrough = option.zones(['.'])
        },
        upstream: option => option.passOver(),
      })
      line.end()
      sources.push(source)
    }
    return { sources, fallthrough }
  },

  create: (options, block) => new File(options, block),
}
