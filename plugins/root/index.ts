/** *root* says where the block's files are. */
import { accessSync, constants, statSync } from 'node:fs'
import type { Line, Plugin } from '#src/plugin.ts'

export const root: Plugin<string> = {
  name: 'root',

  parse(directive) {
    return directive.uses().map(readPath).at(-1)!
  },

  create(path, block) {
    block.root = path
    return {}
  },
}

function readPath(line: Line): string {
  const path = line.text('PATH')
  line.end()
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    // It may appear later.
    if (!stats) line.warn(`Root path does not exist: ${path}`)
    else if (!stats.isDirectory()) throw new Error('not a directory')
    else accessSync(path, constants.R_OK | constants.X_OK)
    return path
  } catch (error) {
    throw line.problem(`unable to access root path '${path}': ${(error as Error).message}`)
  }
}
