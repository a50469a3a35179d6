import { sectionsOf, type WholeRecord, wholeRecords } from '#src/dns/rebase.ts'
import type { Sections } from '#src/dns/sections.ts'
import type { Query, Reply } from '#src/plugin.ts'

/** The records of a reply, taken apart to be rewritten. */
export class Draft {
  answers: readonly WholeRecord[]
  readonly #authorities: readonly WholeRecord[]
  readonly #additionals: readonly WholeRecord[]

  /** @param asked what `reply` answers @throws {FormatError} a name is not well formed */
  constructor(asked: Query, { sections, ttl }: Pick<Reply, 'sections' | 'ttl'>) {
    const records = wholeRecords(asked, sections)
    if (ttl !== undefined) for (const record of records) record.ttl = ttl
    const [answers, authorities] = [sections.answers, sections.answers + sections.authorities]
    this.answers = records.slice(0, answers)
    this.#authorities = records.slice(answers, authorities)
    this.#additionals = records.slice(authorities)
  }

  get records(): readonly WholeRecord[] {
    return [...this.answers, ...this.#authorities, ...this.#additionals]
  }

  /** The records as they stand behind the question of `query`. */
  sectionsFor(query: Query): Sections {
    return sectionsOf(query.key, this.answers, this.#authorities, this.#additionals)
  }
}
