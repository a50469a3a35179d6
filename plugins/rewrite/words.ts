import type { Line } from '#src/plugin.ts'

/** The next argument, which must be a name of `table`, in any case. */
export function readCode(line: Line, what: string, table: ReadonlyMap<string, number>): number {
  const text = line.text(what)
  const code = table.get(text.toUpperCase())
  if (code === undefined) throw line.problem(`no ${what}: '${text}'`, table.keys())
  return code
}
