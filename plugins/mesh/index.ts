/** *mesh* answers for the hosts of a service mesh with the endpoints that are ready now. */
import type { Plugin } from '#src/plugin.ts'
import { Mesh } from './mesh.ts'
import { type Options, parseOptions } from './options.ts'

export const mesh: Plugin<Options> = {
  name: 'mesh',
  parse: parseOptions,
  create: (options, block) => new Mesh(options, block),
}
