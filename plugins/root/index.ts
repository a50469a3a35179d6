/** *root* says where the block's files are. */
import { accessSync, constants, statSync } from 'node:fs'
import type { Line, Plugin } from '#src/plugin.ts'

export interface Options {
  readonly path: string
  /** It may appear later. */
  readonly missing: boolean
}

export const root: Plugin<Options> = {
  name: 'root',

  parse(directive) {
    const options = directive.uses().map(readPath)
    return options.at(-1)!
  },

  create({ path, missing }, block) {
    if (missing) block.log('root').warn(`Root path does not exist: ${path}`)
    block.root = path
    return {}
  },
}

function readPath(line: Line): Options {
  const path = line.text('PATH')
  line.end()
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (!stats) return { path, missing: true }
    if (!stats.isDirectory()) throw new Error('not a directory')
    accessSync(path, constants.R_OK | constants.X_OK)
    return { path, missing: false }
  } catch (error) {
    throw line.problem(`unable to access root path '${path}': ${(error as Error).message}`)
  }
}
