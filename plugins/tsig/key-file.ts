import { Problem, type Token } from '#src/corefile/problem.ts'
import { toKey } from '#src/dns/name.ts'

/** A key as it is written in a file or in the Corefile. */
export interface KeyStatement {
  /** Its name, in the form of domain names (see `toKey`). */
  readonly name: string
  /** In base64. */
  readonly secret: string
  /** An error that names its place. */
  problem(reason: string): Problem
}

/** The keys of a file in the syntax of `named.conf`; their algorithms are ignored. @throws {Problem} with its place in the file */
export function readKeys(file: string, text: string): KeyStatement[] {
  const tokens = tokensOf(file, text)
  let at = 0
  const take = (what: string, fits: (word: string) => boolean): Token => {
    const token = tokens[at]!
    if (!fits(token.text)) throw problemAt(token, `unexpected '${token.text}': expected ${what}`)
    at++
    return token
  }
  const oneOf = (...words: string[]) => take(words.join(' or '), word => words.includes(word)).text
  const value = (what: string) => take(what, word => !['', '{', '}'].includes(word))
  const keys: KeyStatement[] = []
  while (at < tokens.length - 1) {
    oneOf('key')
    const name = value('the name of a key')
    let secret = ''
    oneOf('{')
    for (let word = ''; word !== '}'; ) {
      word = oneOf('algorithm', 'secret', '}')
      const said = word === '}' ? '' : value(`what the ${word} is`).text
      if (word === 'secret') secret = said
    }
    if (secret === '') throw problemAt(name, `key "${name.text}" has no secret`)
    keys.push({ name: keyOf(name), secret, problem: reason => problemAt(name, reason) })
  }
  return keys
}

const problemAt = (token: Token, reason: string): Problem => new Problem(reason, token, { plugin: 'tsig' })

function keyOf(name: Token): string {
  try {
    return toKey(name.text)
  } catch (error) {
    throw problemAt(name, (error as Error).message)
  }
}

/** Blanks and comments, with the ends of statements; a word in quotes; a brace or a word. */
const TOKEN = /(?:[\s;]|#.*|\/\/.*|\/\*[\s\S]*?\*\/)+|"([^"\n]*)"|([{}]|[^\s"{};]+|")/g

/** The words of a text, and an empty one behind the last. */
function tokensOf(file: string, text: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  let start = 0
  for (const { 0: all, 1: quoted, 2: bare, index } of text.matchAll(TOKEN)) {
    const word = quoted ?? bare
    if (word !== undefined) tokens.push({ text: word, file, line, column: index - start + 1 })
    line += all.split('\n').length - 1
    if (all.includes('\n')) start = index + all.lastIndexOf('\n') + 1
  }
  return [...tokens, { line: 1, column: 1, ...tokens.at(-1), text: '', file }]
}
