/** The files of an `import`. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { getSystemErrorMessage } from 'node:util'
import { nearestWord, Problem, type Token } from './problem.ts'
import { tokenize, type Word } from './tokens.ts'

interface ImportedFile {
  /** Absolute path. */
  readonly name: string
  readonly words: readonly Word[]
}

/**
 * Reads what a path or pattern names, which counts from the folder of the file that says so. A pattern may match nothing, and never
 * matches a file whose name begins with a dot.
 * @param place where the pattern stands
 * @param snippets what may have been meant instead
 * @throws {Problem}
 */
export function importFiles(pattern: string, place: Token, snippets: Iterable<string>): ImportedFile[] {
  const folder = dirname(resolve(place.file))
  const path = resolve(folder, pattern)
  if (!isPattern(pattern)) {
    if (existsSync(path)) return [readImport(path, place)]
    const nearest = nearestWord(pattern, snippets)
    throw new Problem(`File to import not found: ${pattern}`, place, { nearest })
  }
  if (pattern.split('*').length > 2 || pattern.split('?').length > 2 || /\[.*\]|\].*\[/.test(pattern)) {
    throw new Problem(`Glob pattern may only contain one wildcard (*), but has others: ${path}`, place)
  }
  const paths = globSync(pattern, { cwd: folder }).map(name => resolve(folder, name))
  return paths.sort().map(path => readImport(path, place))
}

const isPattern = (path: string): boolean => /[*?[\]]/.test(path)

function readImport(path: string, place: Token): ImportedFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code, errno, message } = error as NodeJS.ErrnoException
    const reason = code === 'EISDIR' ? 'is a directory' : errno === undefined ? message : getSystemErrorMessage(errno)
    throw new Problem(`Could not import ${path}: ${reason}`, place)
  }
  return { name: path, words: tokenize(text, path) }
}
