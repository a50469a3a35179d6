/** A line of a master file, or what parentheses make one of (RFC 1035 §5.1). */
export interface Entry {
  /** Counted from 1; the one that it begins on. */
  readonly line: number
  /** Whether the first word stands at the line's beginning: a record's owner, or a directive. */
  readonly flush: boolean
  /** Octets as they stand, escapes included. What was in quotes begins with one, and has none at its end. */
  readonly words: readonly string[]
}

/** A line that cannot be accepted. */
export class EntryError extends RangeError {
  readonly line: number

  constructor(line: number, reason: string) {
    super(reason)
    this.line = line
  }
}

// Quotes may also stand within a word: `alpn="h2,h3"` (RFC 9460 §2.1).
const LEXEME =
  /[ \t\r\f\v]+|;[^\n]*|(?<newline>\n)|(?<parenthesis>[()])|(?<quoted>"(?:[^"\\\n]|\\[^\n])*)"|(?<bare>(?:[^\s"();\\]|\\[^\n])(?:[^\s"();\\]|\\[^\n]|"(?:[^"\\\n]|\\[^\n])*")*)/y

/**
 * The entries of a master file. Empty lines and comments are some without words.
 * @param text one character for each octet
 * @throws {EntryError} while it is read: a parenthesis or quote without its other one, a backslash before nothing
 */
export function* readEntries(text: string): Generator<Entry, void, void> {
  const lexeme = new RegExp(LEXEME)
  let [line, first, flush, opened] = [1, 1, false, 0]
  let isNewLine = true
  let words: string[] = []
  while (lexeme.lastIndex < text.length) {
    const match = lexeme.exec(text)
    if (!match) throw new EntryError(line, 'a quote that is not closed, or a backslash at the end of the line')
    const { newline, parenthesis, quoted, bare } = match.groups!
    const word = quoted ?? bare
    if (word !== undefined) {
      if (words.length === 0) [first, flush] = [line, isNewLine]
      words.push(word)
    } else if (parenthesis === '(') {
      if (opened > 0) throw new EntryError(line, 'a parenthesis within parentheses')
      opened = line
    } else if (parenthesis === ')') {
      if (opened === 0) throw new EntryError(line, 'a closing parenthesis that none opens')
      opened = 0
    } else if (newline) {
      line++
      if (opened === 0) {
        yield { line: words.length > 0 ? first : line - 1, flush, words }
        words = []
      }
    }
    // What follows a parenthesis is no owner, wherever the line breaks.
    isNewLine = newline !== undefined && opened === 0
  }
  if (opened > 0) throw new EntryError(opened, 'a parenthesis that is not closed')
  if (words.length > 0) yield { line: first, flush, words }
}
