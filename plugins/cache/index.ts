import type { Plugin } from '#src/plugin.ts'
import { Cache } from './cache.ts'
import { type Options, parse } from './options.ts'

export const cache: Plugin<Options> = {
  name: 'cache',
  parse,
  create: (options, block) => new Cache(options, block),
}
