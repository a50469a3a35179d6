/** *autopath* walks the search path of clients for them. */
import type { Line, Plugin } from '#src/plugin.ts'
import { Autopath, type Options } from './autopath.ts'

export const autopath: Plugin<Options> = {
  name: 'autopath',

  // autopath [ZONES...] FILE|@kubernetes; the last one counts, as in CoreDNS
  parse: directive =>
    directive
      .uses()
      .map(line => readUse(line, directive.zones))
      .at(-1)!,

  create: (options, block) => new Autopath(options, block),
}

function readUse(line: Line, otherwise: readonly string[]): Options {
  const zones = line.zones(otherwise, 1)
  const source = line.text('FILE or @kubernetes')
  if (source.startsWith('@') && source !== '@kubernetes') throw line.problem(`${source} has no search lists, @kubernetes has`)
  line.end()
  return { zones, file: source === '@kubernetes' ? undefined : source }
}
