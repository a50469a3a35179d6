import type { Line } from '#src/plugin.ts'

/** The next argument, which must be one of `words`, in any case. */
export function readWord<W extends string>(line: Line, what: string, words: readonly W[]): W {
  const text = line.text(what)
  const word = words.find(candidate => candidate === text.toLowerCase())
  if (word === undefined) throw line.problem(`${what} must be one of ${words.join(', ')}: '${text}'`, words)
  return word
}

/** The next argument, which must be a name of `table`, in any case. */
export function readCode(line: Line, what: string, table: ReadonlyMap<string, number>): number {
  const text = line.text(what)
  const code = table.get(text.toUpperCase())
  if (code === undefined) throw line.problem(`no ${what}: '${text}'`, table.keys())
  return code
}
