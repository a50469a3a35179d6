/** Text of a template to tokens, as Go's text/template takes it: text, and what stands between `{{` and `}}`. */
import { EvaluationError } from '#src/go/values.ts'

export type Kind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'string'
  | 'raw'
  | 'character'
  | 'number'
  | 'field'
  | 'dot'
  | 'variable'
  | 'word'
  | 'declare'
  | 'assign'
  | 'pipe'
  | 'open'
  | 'close'
  | 'comma'
  | 'end'

export interface Token {
  readonly kind: Kind
  readonly text: string
}

// Names are as far as they reach: another character right behind one is a mistake.
const LEXEME = new RegExp(
  [
    String.raw`(?<right>[ \t\r\n]-\}\}|\}\})`,
    String.raw`(?<space>(?:[ \t\r\n](?!-\}\}))+)`,
    String.raw`(?<string>"(?:\\[^\n]|[^"\\\n])*")`,
    '(?<raw>`[^`]*`)',
    String.raw`(?<character>'(?:\\[^\n]|[^'\\\n])*')`,
    String.raw`(?<number>[+-]?\.?\d\w*(?:\.\w*)?)`,
    String.raw`(?<field>\.[A-Za-z_]\w*(?=[ \t\r\n.,|:()]|\}\}|$))`,
    String.raw`(?<dot>\.(?=[ \t\r\n.,|:()]|\}\}|$))`,
    String.raw`(?<variable>\$\w*(?=[ \t\r\n.,|:()]|\}\}|$))`,
    String.raw`(?<word>[A-Za-z_]\w*(?=[ \t\r\n.,|:()]|\}\}|$))`,
    '(?<declare>:=)',
    '(?<assign>=)',
    String.raw`(?<pipe>\|)`,
    String.raw`(?<open>\()`,
    String.raw`(?<close>\))`,
    '(?<comma>,)',
  ].join('|'),
  'y',
)

// A comment is an action of its own.
const COMMENT = /\{\{(?:-[ \t\r\n])?\/\*(?:(?!\*\/)[\s\S])*\*\/([ \t\r\n]-)?\}\}/y
const SPACE_BEFORE = /[ \t\r\n]+$/
const SPACE = /[ \t\r\n]*/y

/** @throws {EvaluationError} */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(source)
    if (found) at = pattern.lastIndex
    return found
  }
  for (;;) {
    const left = source.indexOf('{{', at)
    const text = source.slice(at, left < 0 ? undefined : left)
    const isTrimmed = left >= 0 && /^-[ \t\r\n]/.test(source.slice(left + 2, left + 4))
    const kept = isTrimmed ? text.replace(SPACE_BEFORE, '') : text
    if (kept !== '') tokens.push({ kind: 'text', text: kept })
    if (left < 0) return tokens
    at = left
    const comment = match(COMMENT)
    if (comment) {
      if (comment[1]) match(SPACE)
      continue
    }
    tokens.push({ kind: 'left', text: '{{' })
    at = left + (isTrimmed ? 4 : 2)
    for (let isInside = true; isInside; ) {
      const lexeme = match(LEXEME)
      if (!lexeme) throw new EvaluationError(at < source.length ? `unexpected '${source.slice(at, at + 12)}'` : 'unclosed action')
      const [kind, word] = Object.entries(lexeme.groups!).find(([, word]) => word !== undefined) as [Kind, string]
      tokens.push({ kind, text: word })
      isInside = kind !== 'right'
      if (word.length > 2 && kind === 'right') match(SPACE)
    }
  }
}
