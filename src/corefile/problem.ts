/** A word of a Corefile and where it stands. Lines and columns count from 1. */
export interface Token {
  readonly text: string
  /** The file as the operator named it; an absolute path for imported files. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** Environment variables that it names and that are not set. */
  readonly unset?: readonly string[]
}

/** What else a message tells. */
interface About {
  readonly plugin?: string
  /** The known word that was probably meant. */
  readonly nearest?: string | undefined
  /** What to write instead, where that is known. */
  readonly advice?: string | undefined
  /** The order of words and braces is at fault, not what they say. */
  readonly syntax?: boolean
}

/** Something in a Corefile that cannot be accepted. Its message is one line that names the place, in CoreDNS's form with the column added. */
export class Problem extends Error {
  override readonly name = 'Problem'
  /** The message without place and plugin. */
  readonly reason: string
  /** The message for a log that says itself how bad it is: without plugin, and with the place in front. */
  readonly sentence: string

  /** @param place the offending word; undefined where no place can be named */
  constructor(reason: string, place?: Token, { plugin, nearest, advice, syntax }: About = {}) {
    const unset = place?.unset && `not set in the environment: ${place.unset.join(', ')}`
    const said = unset ?? advice ?? (nearest === undefined ? undefined : `did you mean '${nearest}'?`)
    const hint = said === undefined ? '' : `, ${said}`
    const where = place ? `${place.file}:${place.line} - ` : ''
    const kind = place ? `${syntax ? 'Syntax error' : 'Error during parsing'}: ` : ''
    const what = `${reason}${place ? ` (column ${place.column}${hint})` : hint}`
    super(`${plugin ? `plugin/${plugin}: ` : ''}${oneLine(where + kind + what)}`)
    this.reason = reason
    this.sentence = oneLine(where + what)
  }
}

/** Words may hold any character; what would break the line, or upset a terminal, is escaped. */
const oneLine = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, character =>
    character === '\n' ? '\\n' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** The candidate that `word` most likely misspells: at most two edits (insert, delete, replace, swap) away, and at most a third of its length, whatever its case. */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.min(2, Math.ceil(word.length / 3)) + 1
  for (const candidate of candidates) {
    if (Math.abs(word.length - candidate.length) >= least) continue
    const distance = edits(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** Optimal string alignment distance. */
function edits(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1))
      if (!same && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
