import { toText } from '#src/dns/name.ts'
import type { Query } from '#src/plugin.ts'
import { type Change, legalKey } from './change.ts'
import { Options } from './options.ts'
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
  /** Changes to be made to the reply. */
  readonly changes: Change[] = []
  /** Renamings of the targets of CNAMEs. */
  readonly cnames: Renaming[] = []
  #name: string | undefined
  #options: Options | undefined

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

  get options(): Options {
    this.#options ??= new Options(this.query)
    return this.#options
  }

  /** EDNS options that the client gets back where the reply was made here, as *whoami* and others send them; undefined where rules set none. */
  get returned(): Uint8Array | undefined {
    return this.#options?.isChanged ? this.#options.returned : undefined
  }

  /** The query for the plugins below. */
  get asked(): Query {
    const { query, key, type, class: classCode } = this
    const isSame = key === query.key && type === query.type && classCode === query.class && !this.#options?.isChanged
    const upstreamOptions = this.#options?.upstream ?? query.upstreamOptions
    return isSame ? query : query.replace({ key, type, class: classCode, upstreamOptions })
  }
}
