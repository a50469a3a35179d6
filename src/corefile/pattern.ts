import { createRequire } from 'node:module'
import type { RE2JS } from 're2js'

const require = createRequire(import.meta.url)

/**
 * A regular expression in Go's RE2 syntax, which matches in linear time whatever the input. The library is loaded with the first
 * expression: it takes 7 MB, and most Corefiles have none.
 * @throws {Error} what is wrong with it
 */
export function compilePattern(text: string): RE2JS {
  const { RE2JS } = require('re2js') as typeof import('re2js')
  return RE2JS.compile(text)
}
