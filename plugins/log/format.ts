import type { MetadataReader, Query, Reply } from '#src/plugin.ts'
import { FIELDS, type Field, metadataField } from './fields.ts'

const COMMON =
  '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}'
const COMBINED = `${COMMON} "{>opcode}"`

/** A format's text, taken apart once. */
export class Format {
  /** The text between the fields: one more than fields. */
  readonly #literals: string[] = []
  readonly #fields: Field[] = []

  /**
   * @param text with placeholders; words in braces that are none stay as they are
   * @param metadata what is told under a label
   */
  constructor(text: string, metadata: (label: string) => MetadataReader | undefined) {
    const whole = text.replaceAll('{common}', COMMON).replaceAll('{combined}', COMBINED)
    let end = 0
    for (const { 1: name = '', index, 0: placeholder } of whole.matchAll(/\{([^{}]*)\}/g)) {
      const field = FIELDS.get(name) ?? (name.startsWith('/') ? metadataField(metadata(name.slice(1))) : undefined)
      if (!field) continue
      this.#literals.push(whole.slice(end, index))
      this.#fields.push(field)
      end = index + placeholder.length
    }
    this.#literals.push(whole.slice(end))
  }

  /** The line of one query. */
  line(query: Query, reply: Reply, seconds: number): string {
    let line = this.#literals[0]!
    for (let i = 0; i < this.#fields.length; i++) line += this.#fields[i]!(query, reply, seconds) + this.#literals[i + 1]!
    return line
  }
}
