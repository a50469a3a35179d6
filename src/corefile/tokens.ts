/** Text of a Corefile to words. */
import { Problem, type Token } from './problem.ts'

export interface Word extends Token {
  /** Whether no other word of the file ends on the line where this one begins. */
  readonly startsLine: boolean
}

// A word is quoted from its first character on, or not at all. A carriage return counts for nothing outside quotes. A comment may begin
// inside a word, but such a comment ends with the word: `a#b c` is `a` and `c`.
const LEXEME =
  /"(?<quoted>[^\\"]*(?:\\.[^\\"]*)*)(?<quote>"?)|(?<plain>[^\p{White_Space}#"](?:[^\p{White_Space}#]|\r)*)(?:#(?:\P{White_Space}|\r)*)?|#[^\n]*|\n/gsu

/**
 * The words of a Corefile, in order. Only a quote can be escaped inside quotes; every other backslash stands for itself.
 * @param file what the words carry as their file
 * @throws {Problem} a quote that is not closed
 */
export function tokenize(source: string, file: string): Word[] {
  const words: Word[] = []
  let [line, lineStart, lastLine] = [1, 0, 0]
  for (const { 0: lexeme, index, groups } of source.replace(/^\uFEFF/, '').matchAll(LEXEME)) {
    const { quoted, quote, plain } = groups!
    const place = { file, line, column: index - lineStart + 1 }
    if (quote === '') throw new Problem(`Unexpected EOF, expecting '"'`, { ...place, text: lexeme }, { syntax: true })
    const text = quoted?.replace(/\\(.)/gs, (pair, escaped) => (escaped === '"' ? '"' : pair)) ?? plain?.replaceAll('\r', '')
    const breaks = lexeme.split('\n').length - 1
    line += breaks
    if (breaks > 0) lineStart = index + lexeme.lastIndexOf('\n') + 1
    if (text === undefined) continue
    words.push({ text, ...place, startsLine: place.line !== lastLine })
    lastLine = line
  }
  return words
}
