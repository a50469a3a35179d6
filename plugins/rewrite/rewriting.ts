import { toText } from '#src/dns/name.ts'
import type { Query } from '#src/plugin.ts'
import { type Change, legalKey } from './change.ts'
import type { Renaming } from './pattern.ts'
import type { Question } from './rule.ts'
import type { ReadLabel } from './template.ts'

/** One query while rules are at it. */
export class Rewriting implements Question {
  /** The client's own. */
  readonly query: Query
  /** As they came. */
  readonly flags: number
  key: string
  type: number
  class: number
  readonly read: ReadLabel
  /** What is to be made of the reply. */
  readonly changes: Change[] = []
  /** What targets of CNAMEs are to be rewritten to. */
  readonly cnames: Renaming[] = []
  #name: string | undefined

  constructor(query: Query, read: ReadLabel) {
    this.query = query
    this.flags = query.flags
    this.key = query.key
    this.type = query.type
    this.class = query.class
    this.read = read
  }

  get name(): string {
    this.#name ??= toText(this.key)
    return this.#name
  }

  /** @throws {IllegalName} */
  rename(text: string): void {
    this.key = legalKey(text)
    this.#name = undefined
  }

  /** The query for the plugins below. */
  get asked(): Query {
    const { query, key, type } = this
    const isSame = key === query.key && type === query.type && this.class === query.class
    return isSame ? query : query.replace(this)
  }
}
