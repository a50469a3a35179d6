import { type MasterRecord, readRecord } from '#src/dns/master-file/record.ts'
import type { Line } from '#src/plugin.ts'
import { DATA, type Data } from './data.ts'
import { GoTemplate } from './go/template.ts'

/** The section of a reply, as the Corefile calls it. */
type Section = 'answer' | 'authority' | 'additional'

/** A record that could not be made. */
export class RecordError extends Error {
  override readonly name = 'RecordError'
  readonly template: RecordTemplate
  /** There was a text, and it is no record. */
  readonly isRendered: boolean

  constructor(template: RecordTemplate, isRendered: boolean, reason: unknown) {
    super(`${template.section} "${template.source}": ${(reason as Error).message}`, { cause: reason })
    this.template = template
    this.isRendered = isRendered
  }
}

/** A record whose text is a template. */
export class RecordTemplate {
  readonly section: Section
  readonly source: string
  readonly #template: GoTemplate
  /** The text that was read last, and what it says: some templates give one text only. */
  #last: readonly [text: string, record: MasterRecord] | undefined

  /** @throws {EvaluationError} */
  private constructor(section: Section, source: string) {
    this.section = section
    this.source = source
    this.#template = new GoTemplate(source, DATA)
  }

  /** The next argument. */
  static read(line: Line, section: Section): RecordTemplate {
    const source = line.text('RR')
    try {
      const template = new RecordTemplate(section, source)
      if (!source.includes('{{')) template.#record(source)
      return template
    } catch (error) {
      throw line.problem(`${section}: ${(error as Error).message}`)
    }
  }

  /** @throws {RecordError} */
  fill(data: Data): MasterRecord {
    let text: string | undefined
    try {
      text = this.#template.render({ type: DATA, of: data })
      return this.#record(text)
    } catch (error) {
      throw new RecordError(this, text !== undefined, error)
    }
  }

  /** @throws {RangeError} the text is no record */
  #record(text: string): MasterRecord {
    if (this.#last?.[0] !== text) this.#last = [text, readRecord(text)]
    return this.#last[1]
  }
}
