/** *hosts* answers from a hosts file and from lines of the Corefile. */
import { LONGEST_TIMER } from '#src/clock.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import type { Line, Plugin } from '#src/plugin.ts'
import { Hosts, type Options } from './hosts.ts'
import { HostTable } from './table.ts'

export const hosts: Plugin<Options> = {
  name: 'hosts',

  parse(directive) {
    const line = directive.once()
    const named = line.left > 0
    const options: Options & { inline: string[] } = {
      path: named ? line.text('FILE') : '/etc/hosts',
      named,
      zones: line.zones(directive.zones),
      inline: [],
      ttl: 3600,
      reverse: true,
      reload: 5000,
      fallthrough: [],
      fallthroughUnsupported: false,
    }
    const readers = new Map<string, (option: Line) => Partial<Options>>([
      ['ttl', option => ({ ttl: option.integer('SECONDS', 1, 65535) })],
      ['no_reverse', () => ({ reverse: false })],
      ['reload', option => ({ reload: option.duration('DURATION', { max: LONGEST_TIMER }) })],
      ['fallthrough', option => ({ fallthrough: option.zones(['.']) })],
      ['fallthrough_unsupported', () => ({ fallthroughUnsupported: true })],
    ])
    for (const option of line.block()) {
      const read = readers.get(option.word)
      if (read) {
        Object.assign(options, read(option))
        option.end()
      } else if (options.fallthrough.length > 0) {
        throw option.problem(`unknown property '${option.word}'`, readers.keys())
      } else options.inline.push(readInline(option, readers.keys()))
    }
    line.end()
    if (options.fallthroughUnsupported && options.fallthrough.length === 0)
      throw line.problem('fallthrough_unsupported requires fallthrough')
    return options
  },

  create: (options, block) => new Hosts(options, block),
}

/** Every line that is not an option is hosts data, as in CoreDNS. A line without any meaning causes a warning: it is mostly a misspelt option. */
function readInline(option: Line, known: Iterable<string>): string {
  const problem = option.problem(
    `'${option.word}' begins neither an option nor a line of hosts data; what of it is no address or name is ignored`,
    known,
  )
  const text = [option.word, ...option.rest()].join(' ')
  if (new HostTable(new ZoneSet(['.']), false).add(text) !== undefined) option.warn(problem.sentence)
  return text
}
