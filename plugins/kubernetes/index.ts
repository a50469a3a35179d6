/** *kubernetes* answers for the Services and Pods of a cluster. */
import type { Plugin } from '#src/plugin.ts'
import { Kubernetes } from './kubernetes.ts'
import { type Options, parseOptions } from './options.ts'

export const kubernetes: Plugin<Options> = {
  name: 'kubernetes',
  parse: parseOptions,
  create: (options, block) => new Kubernetes(options, block),
}
