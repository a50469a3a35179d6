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

const BLANKS = /(?:[ \t\r\f\v]|;[^\n]*)+/y
// Quotes may also stand within a word: `alpn="h2,h3"` (RFC 9460 §2.1).
const BARE = /(?:[^\s"();\\]|\\[^\n])(?:[^\s"();\\]|\\[^\n]|"(?:[^"\\\n]|\\[^\n])*")*/y

/**
 * The entries of a master file. Empty lines and comments are some without words.
 * @param text one character for each octet
 * @throws {EntryError} while it is read: a parenthesis or quote without its other one, a backslash before nothing
 */
export function* readEntries(text: string): Generator<Entry, void, void> {
  let [line, first, flush, opened] = [1, 1, false, 0]
  let lineStart = 0
  let words: string[] = []
  for (let at = 0; at < text.length; ) {
    const character = text[at]!
    if (character === '\n') {
      at++
      // What follows a parenthesis is no owner, wherever the line breaks.
      if (opened === 0) {
        yield { line: words.length > 0 ? first : line, flush, words }
        words = []
        lineStart = at
      }
      line++
    } else if (character === '(') {
      if (opened > 0) throw new EntryError(line, 'a parenthesis within parentheses')
      opened = line
      at++
    } else if (character === ')') {
      if (opened === 0) throw new EntryError(line, 'a closing parenthesis that none opens')
      opened = 0
      at++
    } else {
      const blanks = endOf(BLANKS, text, at)
      if (blanks > at) {
        at = blanks
        continue
      }
      const end = character === '"' ? endOfQuote(text, at) : endOf(BARE, text, at)
      if (end === at) throw new EntryError(line, 'a quote that is not closed, or a backslash at the end of the line')
      if (words.length === 0) [first, flush] = [line, at === lineStart]
      const word = text.slice(at, character === '"' ? end - 1 : end)
      words.push(word)
      // What is in quotes may go on in the next line.
      for (let lf = word.indexOf('\n'); lf >= 0; lf = word.indexOf('\n', lf + 1)) line++
      at = end
    }
  }
  if (opened > 0) throw new EntryError(opened, 'a parenthesis that is not closed')
  if (words.length > 0) yield { line: first, flush, words }
}

/** Where the quote that opens at `at` ends; `at` where it does not. */
function endOfQuote(text: string, at: number): number {
  for (let next = at + 1; next < text.length; next++) {
    if (text[next] === '"') return next + 1
    if (text[next] === '\\' && text[++next] === '\n') break
  }
  return at
}

/** Where a match that begins at `at` ends; `at` where there is none. No match is made that would have to be collected. */
function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}
