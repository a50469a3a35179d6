import type { Word } from './tokens.ts'

/** The words of one file or snippet. */
interface Source {
  /** Absolute path of a file, or `(NAME)` of a snippet. */
  readonly name: string
  readonly words: readonly Word[]
  readonly importer?: Source | undefined
  position: number
}

/** The words of a Corefile from first to last, each import replaced by what it imports. */
export class Words {
  /** What is still to be read, the nearest last. */
  readonly #sources: Source[]
  /** Where the word taken last stood. */
  #current: Source

  constructor(name: string, words: readonly Word[]) {
    this.#current = { name, words, position: 0 }
    this.#sources = [this.#current]
  }

  /** The next word, not taken; undefined at the end. */
  get next(): Word | undefined {
    for (;;) {
      const source = this.#sources.at(-1)
      if (!source || source.position < source.words.length) return source?.words[source.position]
      this.#sources.pop()
    }
  }

  /** The next word where it stands on the line of the word before. */
  get nextOnLine(): Word | undefined {
    const word = this.next
    return word?.startsLine ? undefined : word
  }

  /** Takes the next word, which must exist. */
  take(): Word {
    const word = this.next!
    this.#current = this.#sources.at(-1)!
    this.#current.position++
    return word
  }

  /** Whether the word taken last stands in that file or snippet, or in one that it imports. */
  isWithin(name: string): boolean {
    for (let source: Source | undefined = this.#current; source; source = source.importer) if (source.name === name) return true
    return false
  }

  /** Puts the words of files or snippets before the next word. */
  insert(...sources: { name: string; words: readonly Word[] }[]): void {
    const importer = this.#current
    this.#sources.push(...sources.reverse().map(({ name, words }) => ({ name, words, importer, position: 0 })))
  }
}
