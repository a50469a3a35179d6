/** What a plugin's `parse` reads: the lines of its directive, through typed readers that know where every word stands. */

import { isIP, isIPv6 } from 'node:net'
import type { RE2JS } from 're2js'
import { toKey } from '../dns/name.ts'
import { adviceOnOption } from './advice.ts'
import { parseDuration } from './duration.ts'
import { expandZone } from './labels.ts'
import { compilePattern } from './pattern.ts'
import { nearestWord, Problem, type Token } from './problem.ts'

/** One line of a server block, or of a directive's block, with the block that it opens. */
export interface Entry {
  readonly word: Token
  readonly args: readonly Token[]
  readonly block: readonly Entry[] | undefined
}

/** All uses of one plugin in one server block. */
export class Directive {
  readonly name: string
  /** The zones of the server block, as text. */
  readonly zones: readonly string[]
  /** The warnings of its lines. */
  readonly warnings: string[] = []
  readonly #entries: readonly Entry[]

  constructor(name: string, zones: readonly string[], entries: readonly Entry[]) {
    this.name = name
    this.zones = zones
    this.#entries = entries
  }

  /** Each use, in file order; there is at least one. */
  uses(): Line[] {
    return this.#entries.map(entry => new Line(this, entry))
  }

  /** The only use. @throws {Problem} when there are several */
  once(): Line {
    const second = this.#entries[1]
    if (second) throw new Problem('this plugin can only be used once per Server Block', second.word, { plugin: this.name })
    return new Line(this, this.#entries[0]!)
  }

  /** For a plugin that takes neither arguments nor options. */
  empty(): void {
    for (const use of this.uses()) use.end()
  }
}

/** A cursor over one line's arguments. Every reader takes the next argument or throws a {@link Problem} that says what was expected. */
export class Line {
  readonly #directive: Directive
  readonly #entry: Entry
  #next = 0

  constructor(directive: Directive, entry: Entry) {
    this.#directive = directive
    this.#entry = entry
  }

  /** The line's first word: the directive, or an option's name. */
  get word(): string {
    return this.#entry.word.text
  }

  /** How many arguments are left. */
  get left(): number {
    return this.#entry.args.length - this.#next
  }

  /** The words of the line and of its block, for directives that take no difference between the two. @throws {Problem} a block within the block */
  joined(): Line {
    const { word, args, block = [] } = this.#entry
    const inner = block.find(entry => entry.block)
    if (inner) throw new Problem(`unexpected block after '${inner.word.text}'`, inner.word, { plugin: this.#directive.name })
    const words = block.flatMap(entry => [entry.word, ...entry.args])
    return new Line(this.#directive, { word, args: [...args, ...words], block: undefined })
  }

  /** A problem at the argument read last, or at the line's first word before any was read. */
  problem(reason: string, known?: Iterable<string>): Problem {
    const token = this.#entry.args[this.#next - 1] ?? this.#entry.word
    return new Problem(reason, token, { plugin: this.#directive.name, nearest: known && nearestWord(token.text, known) })
  }

  /** Logs a warning, once, about something that is accepted and probably not meant. */
  warn(sentence: string): void {
    this.#directive.warnings.push(`plugin/${this.#directive.name}: ${sentence}`)
  }

  /** Skips an option that CoreDNS accepts as well, and that has no effect any more. */
  passOver(): void {
    this.rest()
    this.warn(this.problem(`${this.word} has no effect any more, and may be left out`).sentence)
  }

  /** The next argument. @param what what it stands for, in messages: `FILE` */
  text(what: string): string {
    const token = this.#entry.args[this.#next]
    if (!token)
      throw new Problem(
        `Wrong argument count or unexpected line ending after '${this.#last.text}': expected ${what}`,
        this.#last,
        { plugin: this.#directive.name },
      )
    this.#next++
    return token.text
  }

  /** The next argument without taking it; undefined at the end. */
  peek(): string | undefined {
    return this.#entry.args[this.#next]?.text
  }

  /** All arguments that are left. */
  rest(): string[] {
    const texts = this.#entry.args.slice(this.#next).map(token => token.text)
    this.#next = this.#entry.args.length
    return texts
  }

  /** At least one argument, all that are left. */
  some(what: string): string[] {
    return [this.text(what), ...this.rest()]
  }

  /** A whole number between `min` and `max`. */
  integer(what: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
    const text = this.text(what)
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max)) {
      const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `between ${min} and ${max}`
      throw this.problem(`${what} must be a whole number ${range}: '${text}'`)
    }
    return value
  }

  /** Milliseconds of a Go duration; with `bare`, a number without unit counts that many milliseconds each. */
  duration(
    what: string,
    { min = 0, max = Number.POSITIVE_INFINITY, bare }: { min?: number; max?: number; bare?: number } = {},
  ): number {
    const text = this.text(what)
    const value = bare !== undefined && /^\d+$/.test(text) ? Number(text) * bare : parseDuration(text)
    if (value === undefined) throw this.problem(`${what} must be a duration such as 5s or 1m30s: '${text}'`)
    if (value < min || value > max) throw this.problem(`${what} is out of range: '${text}'`)
    return value
  }

  /** One of the given words; with `anyCase` of words in lower case, however it is written. */
  oneOf<W extends string>(what: string, words: readonly W[], { anyCase = false } = {}): W {
    const text = this.text(what)
    const wanted = anyCase ? text.toLowerCase() : text
    const word = words.find(candidate => candidate === wanted)
    if (word === undefined) throw this.problem(`${what} must be one of ${words.join(', ')}: '${text}'`, words)
    return word
  }

  /** The number of a name that `table` has, in any case. */
  code(what: string, table: ReadonlyMap<string, number>): number {
    const text = this.text(what)
    const code = table.get(text.toUpperCase())
    if (code === undefined) throw this.problem(`no ${what}: '${text}'`, table.keys())
    return code
  }

  /** A domain name, as key. */
  name(what: string): string {
    const text = this.text(what)
    try {
      return toKey(text)
    } catch (error) {
      throw this.problem(`${what} must be a domain name: ${(error as Error).message}`)
    }
  }

  /** A regular expression in Go's syntax, of at most 10,000 characters: compiling takes memory in proportion. */
  pattern(what: string): RE2JS {
    const text = this.text(what)
    if (text.length > 10_000) throw this.problem(`${what} is too long: ${text.length} of at most 10000 characters`)
    try {
      return compilePattern(text)
    } catch (error) {
      throw this.problem(`${what} is no regular expression: ${(error as Error).message}`)
    }
  }

  /** An HTTP or HTTPS URL, as it stands. */
  url(what: string): string {
    const text = this.text(what)
    const url = URL.parse(text)
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
      throw this.problem(`${what} must be one such as https://10.0.0.1:6443: '${text}'`)
    return text
  }

  /** Where a side port listens, `HOST:PORT`: the host may be empty for all addresses, an IPv6 address stands in brackets. */
  address(what: string): string {
    const text = this.text(what)
    const match = /^(?:[^:[\]]*|\[[^[\]]*\]):(\d{1,5})$/.exec(text)
    if (!match || Number(match[1]) > 65535) throw this.problem(`${what} must be HOST:PORT or :PORT: '${text}'`)
    return text
  }

  /** A DNS server, `ADDRESS` or `ADDRESS:PORT`, with port 53 where none is given: an IPv6 address with a port stands in brackets. */
  server(what: string): { readonly address: string; readonly port: number } {
    const text = this.text(what)
    const [, inside, before, port = '53'] = /^(?:\[(.*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(isIPv6(text) ? `[${text}]` : text) ?? []
    const address = inside ?? before ?? ''
    if (isIP(address) === 0 || !(Number(port) > 0 && Number(port) < 65_536))
      throw this.problem(`${what} must be an IP address, or one with a port: '${text}'`)
    return { address, port: Number(port) }
  }

  /**
   * The arguments that are left, but for the last `behind`, as zones (names as text; a CIDR becomes its reverse zones), or `otherwise`
   * where there are none.
   */
  zones(otherwise: readonly string[], behind = 0): readonly string[] {
    if (this.left <= behind) return otherwise
    const zones: string[] = []
    while (this.left > behind) {
      const text = this.text('ZONE')
      try {
        zones.push(...expandZone(text))
      } catch (error) {
        throw this.problem(`'${text}' is not a zone: ${(error as Error).message}`)
      }
    }
    return zones
  }

  /** Checks that no argument is left, and (unless `options` was called) that no block follows. */
  end(): void {
    const extra = this.#entry.args[this.#next]
    if (extra)
      throw new Problem(
        `Wrong argument count or unexpected line ending after '${extra.text}': expected no more arguments`,
        extra,
        { plugin: this.#directive.name },
      )
    const inner = this.#entry.block?.[0]
    if (inner && !this.#optionsRead)
      throw new Problem(`unknown property '${inner.word.text}'`, inner.word, { plugin: this.#directive.name })
  }

  #optionsRead = false

  /** Reads each line of the block with the reader of its first word, which must take all its arguments. Call it before `end`. */
  options(readers: Readonly<Record<string, (line: Line) => void>>, { anyCase = false } = {}): void {
    this.#optionsRead = true
    for (const line of this.block()) {
      const word = anyCase ? line.word.toLowerCase() : line.word
      const read = Object.hasOwn(readers, word) ? readers[word] : undefined
      if (!read) throw line.#unknown(Object.keys(readers))
      read(line)
      line.end()
    }
  }

  #unknown(known: readonly string[]): Problem {
    const plugin = this.#directive.name
    const { word } = this.#entry
    const about = { plugin, nearest: nearestWord(word.text, known), advice: adviceOnOption(plugin, word.text) }
    return new Problem(`unknown property '${word.text}'`, word, about)
  }

  /** The lines of the block, for blocks that are data rather than options. */
  block(): Line[] {
    this.#optionsRead = true
    return (this.#entry.block ?? []).map(entry => new Line(this.#directive, entry))
  }

  get #last(): Token {
    return this.#entry.args[this.#next - 1] ?? this.#entry.word
  }
}
