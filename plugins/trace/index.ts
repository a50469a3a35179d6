/** *trace* tells a collector how long each plugin takes for a query. */
import type { Plugin } from '#src/plugin.ts'
import { type Options, parse } from './options.ts'
import { Tracer } from './tracer.ts'

export const trace: Plugin<Options> = {
  name: 'trace',
  parse,
  create: (options, block) => new Tracer(options, block),
}
