/** Text of an expression to tokens. */
import { EvaluationError } from '../go/values.ts'

type Kind = 'number' | 'text' | 'raw' | 'word' | 'sign' | 'end'

export interface Token {
  readonly kind: Kind
  readonly text: string
}

const LEXEME = new RegExp(
  [
    String.raw`(?<space>\s+)`,
    String.raw`(?<number>\d(?:\w|\.(?!\.))*)`,
    String.raw`(?<text>'(?:\\[^\n]|[^'\\\n])*'|"(?:\\[^\n]|[^"\\\n])*")`,
    '(?<raw>`(?:[^`]|``)*`)',
    String.raw`(?<word>[A-Za-z_$][\w$]*)`,
    String.raw`(?<sign>\|\||&&|[=!<>]=|\*\*|\?[?.]|\.\.|[-+*/%^|<>!?:,;.#()[\]{}])`,
  ].join('|'),
  'y',
)

/** @throws {EvaluationError} */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < source.length; at = LEXEME.lastIndex) {
    LEXEME.lastIndex = at
    const found = LEXEME.exec(source)
    if (!found) throw new EvaluationError(`unexpected '${source.slice(at, at + 12)}'`)
    const [kind, text] = Object.entries(found.groups!).find(([, text]) => text !== undefined) as [Kind | 'space', string]
    if (kind !== 'space') tokens.push({ kind, text })
  }
  return tokens
}
