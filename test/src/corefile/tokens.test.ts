import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenize } from '#src/corefile/tokens.ts'

/** The words of each line, as the parser sees lines. */
const lines = (text: string): string[][] => {
  const result: string[][] = []
  for (const word of tokenize(text, 'Corefile')) {
    if (word.startsLine) result.push([])
    result.at(-1)!.push(word.text)
  }
  return result
}

const cases: { name: string; text: string; lines: string[][] }[] = [
  { name: 'nothing', text: '', lines: [] },
  { name: 'blanks alone', text: ' \t\r\n \n', lines: [] },
  { name: 'words and lines', text: 'a b\nc', lines: [['a', 'b'], ['c']] },
  { name: 'every Unicode blank parts words', text: 'a\tb\vc\fd\u0085e\u00a0f\u2003g\u2028h\u3000i', lines: [[...'abcdefghi']] },
  { name: 'a zero-width space is no blank', text: 'a\u200bb', lines: [['a\u200bb']] },
  { name: 'a byte order mark is dropped', text: '\ufeff. {', lines: [['.', '{']] },
  { name: 'a byte order mark inside is a character', text: 'a\ufeff', lines: [['a\ufeff']] },
  { name: 'lines that end in CRLF', text: 'a b\r\nc\r\n', lines: [['a', 'b'], ['c']] },
  { name: 'a carriage return does not end a word', text: 'a\rb', lines: [['ab']] },
  { name: 'braces are words only when they stand alone', text: '. { a} {b', lines: [['.', '{', 'a}', '{b']] },
  { name: 'quotes hold blanks', text: 'a "b c" d', lines: [['a', 'b c', 'd']] },
  { name: 'an empty quoted word', text: 'a "" b', lines: [['a', '', 'b']] },
  { name: 'an escaped quote', text: String.raw`"a \"b\" c"`, lines: [['a "b" c']] },
  { name: 'no other escape', text: String.raw`"\n \\ \d\."`, lines: [[String.raw`\n \\ \d\.`]] },
  {
    name: 'a backslash before a backslash does not escape the quote',
    text: String.raw`"a\\" b`,
    lines: [[String.raw`a\\`, 'b']],
  },
  { name: 'a backslash outside quotes', text: String.raw`a\"b \"c`, lines: [[String.raw`a\"b`, String.raw`\"c`]] },
  { name: 'a quote inside a word is a character', text: 'a"b c"', lines: [['a"b', 'c"']] },
  { name: 'a word ends with its closing quote', text: '"a"b "c""d"', lines: [['a', 'b', 'c', 'd']] },
  { name: 'a quoted line break', text: '"a\nb" c\nd', lines: [['a\nb', 'c'], ['d']] },
  { name: 'a quoted carriage return stays', text: '"a\r\nb"', lines: [['a\r\nb']] },
  { name: 'a hash inside quotes', text: '"a # b" c', lines: [['a # b', 'c']] },
  { name: 'single quotes and back-quotes are characters', text: "'a b' `c d`", lines: [["'a", "b'", '`c', 'd`']] },
  { name: 'a comment up to the end of the line', text: 'a # b c\nd', lines: [['a'], ['d']] },
  { name: 'a comment right after a quoted word', text: '"a"# b', lines: [['a']] },
  { name: 'a comment inside a word ends with the word', text: 'a#b c', lines: [['a', 'c']] },
  { name: 'a hash later in such a comment', text: 'a#b#c"d e', lines: [['a', 'e']] },
  { name: 'quotes inside a comment', text: 'a # "b\nc', lines: [['a'], ['c']] },
  { name: 'a comment at the end of the file', text: 'a #', lines: [['a']] },
]

for (const { name, text, lines: expected } of cases) test(name, () => assert.deepEqual(lines(text), expected))

test('words carry their file, and the line and column where they begin', () => {
  const places = tokenize('\ufeffa  "b\n\n c" d\r\n\n\te#\nf', '/etc/Corefile').map(({ text, file, line, column }) => [
    text,
    file,
    line,
    column,
  ])
  assert.deepEqual(places, [
    ['a', '/etc/Corefile', 1, 1],
    ['b\n\n c', '/etc/Corefile', 1, 4],
    ['d', '/etc/Corefile', 3, 5],
    ['e', '/etc/Corefile', 5, 2],
    ['f', '/etc/Corefile', 6, 1],
  ])
})

test('a quote that stays open is reported where it was opened', () => {
  const message = `Corefile:2 - Syntax error: Unexpected EOF, expecting '"' (column 10)`
  assert.throws(() => tokenize('. {\n  answer "a\n}\n', 'Corefile'), { name: 'Problem', message })
  assert.throws(() => tokenize('. {\n  answer "a\\', 'Corefile'), { message })
  assert.throws(() => tokenize('. {\n  answer "', 'Corefile'), { message })
})

test('words of a million characters, and a million words on one line', () => {
  const million = 1_000_000
  assert.equal(tokenize(`"${'\\"'.repeat(million)}"`, 'Corefile')[0]?.text.length, million)
  assert.equal(tokenize('a'.repeat(million), 'Corefile')[0]?.text.length, million)
  assert.equal(tokenize('a '.repeat(million), 'Corefile').at(-1)?.column, 2 * million - 1)
})
