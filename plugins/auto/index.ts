/** *auto* answers from the master files of folders. */
import { LONGEST_TIMER } from '#src/clock.ts'
import { compilePattern } from '#src/corefile/pattern.ts'
import type { Line, Plugin } from '#src/plugin.ts'
import { Auto, type Options, type Source } from './auto.ts'

export const auto: Plugin<Options> = {
  name: 'auto',
  authoritative: true,

  // auto [ZONES...] { directory DIR [REGEXP ORIGIN_TEMPLATE]; reload DURATION }
  parse(directive) {
    const zones: string[] = []
    const sources = directive.uses().flatMap(line => {
      zones.push(...line.zones(directive.zones))
      const source = { directory: '', pattern: compilePattern('db\\.(.*)'), template: '{1}', reload: 60_000 }
      line.options({
        directory: option => {
          source.directory = option.text('DIR')
          if (option.left > 0) Object.assign(source, readNaming(option))
        },
        reload: option => {
          source.reload = option.duration('DURATION', { max: LONGEST_TIMER })
        },
        upstream: option => option.passOver(),
      })
      line.end()
      if (source.directory !== '') return source
      line.warn(line.problem('no directory: name the folder of the master files, or leave this out').sentence)
      return []
    })
    return { zones, sources }
  },

  create: (options, block) => new Auto(options, block),
}

/** How files are named, and which zone such a name is of. */
function readNaming(option: Line): Pick<Source, 'pattern' | 'template'> {
  const pattern = option.pattern('REGEXP')
  const template = option.text('ORIGIN_TEMPLATE')
  const groups = pattern.groupCount()
  if (groups === 0) throw option.problem('REGEXP needs a group, such as (.*)')
  for (const [, group] of template.matchAll(/\{(\d+)\}/g))
    if (Number(group) > groups) throw option.problem(`REGEXP has ${groups} groups, ORIGIN_TEMPLATE names {${group}}`)
  return { pattern, template }
}
