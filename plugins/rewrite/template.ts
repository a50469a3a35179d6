import type { Matcher } from 're2js'
import { lowerCase } from '#src/dns/name.ts'
import type { Line } from '#src/plugin.ts'

/** What plugins tell of the query under a label; undefined or empty for nothing. */
export type ReadLabel = (label: string) => string | undefined

export const isLabel = (text: string): boolean => /^[^/{}]+\/[^{}]+$/.test(text)

type Piece = string | { readonly group: number } | { readonly label: string }

/** What a match is replaced with: `{0}` stands for the match, `{1}` and so on for its groups, `{PLUGIN/LABEL}` for metadata. */
export class Template {
  readonly #pieces: readonly Piece[]

  private constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces
  }

  /**
   * @param text the argument that was read last
   * @param groups how many the expression has
   * @param metadata whether labels are meant; braces with anything but a number in them are plain text otherwise
   */
  static read(line: Line, text: string, groups: number, metadata: boolean): Template {
    const pieces = Array.from(text.matchAll(/\{([^{}]*)\}|[{}]|[^{}]+/g), ([whole, word]): Piece => {
      if (word !== undefined && /^\d+$/.test(word)) {
        if (Number(word) > groups) throw line.problem(`no group {${word}} in the regular expression, which has ${groups}`)
        return { group: Number(word) }
      }
      if (!metadata || !/[{}]/.test(whole)) return lowerCase(whole)
      if (word === undefined) throw line.problem(`unmatched '${whole}'`)
      if (!isLabel(word)) throw line.problem(`neither a group nor a label: '${whole}'`)
      return { label: word }
    })
    return new Template(pieces)
  }

  /** @returns undefined where a label tells nothing */
  fill(match: Matcher, read: ReadLabel): string | undefined {
    let text = ''
    for (const piece of this.#pieces) {
      if (typeof piece === 'string') text += piece
      else if ('group' in piece) text += match.group(piece.group) ?? ''
      else {
        const value = read(piece.label)
        if (!value) return undefined
        text += lowerCase(value)
      }
    }
    return text
  }
}
