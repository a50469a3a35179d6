/** Words to server blocks. What the directives mean is their plugins' business. */
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { Entry } from './directive.ts'
import { expandEnvironment } from './environment.ts'
import { importFiles } from './import.ts'
import { Problem, type Token } from './problem.ts'
import { tokenize, type Word } from './tokens.ts'
import { Words } from './words.ts'

export interface Block {
  readonly labels: readonly Token[]
  readonly entries: readonly Entry[]
}

export interface Corefile {
  /** As the operator named it. */
  readonly file: string
  readonly blocks: readonly Block[]
  /** Sentences about what was skipped. */
  readonly warnings: readonly string[]
  /** SHA-512, in hex, of every word that counts, with its file and line, after imports and environment variables were put in. */
  readonly hash: string
}

/** Imports that do not contain themselves can still multiply. */
const MAX_SNIPPET_IMPORTS = 10_000
const MAX_FILE_IMPORTS = 100_000
const MAX_NESTING = 100

/**
 * Parses a Corefile. Imported files are read at once.
 * @param file what places in it are called, and the file that relative imports count from
 * @throws {Problem}
 */
export function parseCorefile(text: string, file: string, environment: NodeJS.ProcessEnv = process.env): Corefile {
  const parser = new Parser(new Words(resolve(file), tokenize(text, file)), environment)
  const blocks = parser.blocks()
  const counted = JSON.stringify(blocks, ['labels', 'entries', 'word', 'args', 'block', 'text', 'file', 'line'])
  return { file, blocks, warnings: parser.warnings, hash: createHash('sha512').update(counted).digest('hex') }
}

class Parser {
  readonly warnings: string[] = []
  readonly #words: Words
  readonly #environment: NodeJS.ProcessEnv
  readonly #snippets = new Map<string, readonly Word[]>()
  #snippetImports = 0
  #fileImports = 0

  constructor(words: Words, environment: NodeJS.ProcessEnv) {
    this.#words = words
    this.#environment = environment
  }

  blocks(): Block[] {
    const blocks: Block[] = []
    for (let first = this.#words.next; first; first = this.#words.next) {
      const labels = this.#labels()
      const [label] = labels
      if (labels.length === 1 && /^\(.*\)$/s.test(label!.text)) {
        this.#define(label!)
        continue
      }
      const entries = this.#body()
      if (label) blocks.push({ labels, entries })
      else if (entries.length > 0) this.warnings.push(`${first.file}:${first.line} - a server block without a zone is left out`)
    }
    return blocks
  }

  /** One line of labels, and the lines after it while they end in a comma. */
  #labels(): Token[] {
    const labels: Token[] = []
    let comma: Word | undefined
    let begun = false
    for (let word = this.#words.next; word; word = this.#words.next) {
      if (word.text === '{') {
        if (comma) throw new Problem("Expected another address but had '{' - check for extra comma", word)
        return labels
      }
      if (word.startsLine && begun && !comma) return labels
      this.#words.take()
      if (word.startsLine && word.text === 'import') {
        this.#import(word)
        continue
      }
      if (word.text === '}') throw unexpectedBrace(word)
      begun = true
      const label = this.#expand(word)
      if (label.text === '') continue
      comma = label.text.endsWith(',') ? word : undefined
      labels.push({ ...label, text: comma ? label.text.slice(0, -1) : label.text })
    }
    if (comma) throw new Problem('Unexpected EOF, expecting another address', comma)
    return labels
  }

  /** What follows the labels: a block in braces, or all the rest of the file. */
  #body(): Entry[] {
    const open = this.#words.next
    if (open?.text !== '{') return this.#entries()
    this.#words.take()
    return this.#entries(open)
  }

  /** The words of a snippet, kept as they are until it is imported. */
  #define(label: Token): void {
    const name = label.text.slice(1, -1)
    if (this.#snippets.has(name)) throw new Problem(`redeclaration of previously declared snippet ${name}`, label)
    const open = this.#words.next
    if (open?.text !== '{') {
      throw new Problem(`Unexpected ${open ? `token '${open.text}'` : 'EOF'}, expecting '{'`, open ?? label, { syntax: true })
    }
    this.#words.take()
    const words: Word[] = []
    for (let depth = 1; ; ) {
      const word = this.#words.next
      if (!word) throw unclosed(open)
      this.#words.take()
      if (word.text === '{') depth++
      if (word.text === '}' && --depth === 0) break
      words.push(words.length === 0 ? { ...word, startsLine: true } : word)
    }
    this.#snippets.set(name, words)
  }

  /** The lines up to the closing brace, which is taken. @param open the opening brace; without one, the end of the file closes too */
  #entries(open?: Word, depth = 0): Entry[] {
    if (depth > MAX_NESTING) throw new Problem(`blocks are nested more than ${MAX_NESTING} deep`, open)
    const entries: Entry[] = []
    for (let word = this.#words.next; word; word = this.#words.next) {
      this.#words.take()
      if (word.text === '}') return entries
      if (word.text === 'import') this.#import(word)
      else if (word.text === '{') throw new Problem("Unexpected '{' because a block opens on the line of its directive", word)
      else entries.push(this.#entry(word, depth))
    }
    if (open) throw unclosed(open)
    return entries
  }

  #entry(first: Word, depth: number): Entry {
    const word = this.#expand(first)
    const args: Token[] = []
    let next = this.#words.nextOnLine
    for (; next && next.text !== '{' && next.text !== '}'; next = this.#words.nextOnLine)
      args.push(this.#expand(this.#words.take()))
    if (next?.text !== '{') {
      if (next && depth === 0) throw unexpectedBrace(next)
      return { word, args, block: undefined }
    }
    this.#words.take()
    const block = this.#entries(next, depth + 1)
    const rest = this.#words.nextOnLine
    if (rest?.text === '}' && depth === 0) throw unexpectedBrace(rest)
    if (rest && rest.text !== '}') throw new Problem(`Unexpected token '${rest.text}' after '}'`, rest)
    return { word, args, block }
  }

  /** Reads on in what an import names. @param word the word `import`, just taken */
  #import(word: Word): void {
    if (!this.#words.nextOnLine) throw new Problem("Wrong argument count or unexpected line ending after 'import'", word)
    const argument = this.#expand(this.#words.take())
    const name = argument.text
    if (name === '') throw new Problem('Import requires a non-empty filepath', argument)
    const extra = this.#words.nextOnLine
    if (extra) throw new Problem('Import takes only one argument (glob pattern or file)', extra)
    const snippet = this.#snippets.get(name)
    if (snippet) {
      const limit = `maximum snippet import depth (${MAX_SNIPPET_IMPORTS}) exceeded`
      if (this.#words.isWithin(`(${name})`)) throw new Problem(`${limit}: ${name} imports itself`, argument)
      if (this.#snippetImports++ >= MAX_SNIPPET_IMPORTS) throw new Problem(limit, argument)
      this.#words.insert({ name: `(${name})`, words: snippet })
      return
    }
    const limit = `maximum file import depth (${MAX_FILE_IMPORTS}) exceeded`
    if (this.#fileImports++ >= MAX_FILE_IMPORTS) throw new Problem(limit, argument)
    const files = importFiles(name, argument, this.#snippets.keys())
    if (files.length === 0) this.warnings.push(`No files matching import glob pattern: ${name}`)
    const endless = files.find(file => this.#words.isWithin(file.name))
    if (endless) throw new Problem(`${limit}: ${endless.name} imports itself`, argument)
    this.#words.insert(...files)
  }

  #expand({ text, file, line, column }: Token): Token {
    try {
      const unset: string[] = []
      const expanded = { text: expandEnvironment(text, this.#environment, unset), file, line, column }
      return unset.length > 0 ? { ...expanded, unset } : expanded
    } catch (error) {
      throw new Problem((error as Error).message, { text, file, line, column })
    }
  }
}

const unexpectedBrace = (word: Word): Problem => new Problem("Unexpected '}' because no matching opening brace", word)

const unclosed = (open: Word): Problem => new Problem("Unexpected EOF, expecting '}'", open, { syntax: true })
