import type { Line, Plugin } from '#src/plugin.ts'

/** What passes unfragmented almost everywhere (DNS flag day 2020), in octets. */
const DEFAULT_SIZE = 1232

export const bufsize: Plugin<number> = {
  name: 'bufsize',
  parse: directive => directive.uses().map(parseUse)[0]!,
  create: size => ({
    wrap: next => query => {
      if (query.edns && query.edns.udpSize > size) query.edns.udpSize = size
      return next(query)
    },
  }),
}

function parseUse(line: Line): number {
  const size = line.left > 0 ? line.integer('SIZE', 512, 4096) : DEFAULT_SIZE
  line.end()
  return size
}
