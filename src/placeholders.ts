/** Texts with placeholders for facts about a query: `{name}`, `{/kubernetes/namespace}`. */
import { className, typeName } from './dns/codes.ts'
import type { Query } from './dns/query.ts'
import type { Reply } from './dns/reply.ts'

/** Reads one fact about a query and its reply. @param seconds from the query to the reply */
export type Field = (query: Query, reply: Reply, seconds: number) => string | number | boolean

/** RFC 3986 §3.2.2: a colon behind an address is a port's only where the address has none. */
const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)

/** The fields that need only the query, by placeholder, without its braces. */
export const QUERY_FIELDS: readonly (readonly [placeholder: string, field: Field])[] = [
  ['type', query => typeName(query.type)],
  ['name', query => query.name],
  ['class', query => className(query.class)],
  ['proto', query => (query.transport === 'udp' ? 'udp' : 'tcp')],
  ['size', query => query.message.length],
  ['remote', query => bracketed(query.client.address)],
  ['port', query => query.client.port],
  ['local', query => bracketed(query.listener.address || '::')],
  ['>id', query => query.id],
  ['>opcode', query => query.opcode],
  ['>do', query => query.edns?.dnssecOk ?? false],
  ['>bufsize', query => query.replySize],
]

/** A text with placeholders, taken apart once. */
export class Placeholders {
  /** The text between the fields: one more than fields. */
  readonly #literals: string[] = []
  readonly #fields: Field[] = []

  /**
   * @param text words in braces that are no placeholders stay as they are
   * @param fields by placeholder
   * @param metadata what is told under a label, `kubernetes/namespace`; a dash stands for what is not known
   */
  constructor(
    text: string,
    fields: ReadonlyMap<string, Field>,
    metadata: (label: string) => ((query: Query, reply: Reply) => string | undefined) | undefined,
  ) {
    let end = 0
    for (const { 1: name = '', index, 0: placeholder } of text.matchAll(/\{([^{}]*)\}/g)) {
      const field = fields.get(name) ?? (name.startsWith('/') ? known(metadata(name.slice(1))) : undefined)
      if (!field) continue
      this.#literals.push(text.slice(end, index))
      this.#fields.push(field)
      end = index + placeholder.length
    }
    this.#literals.push(text.slice(end))
  }

  /** The text for one query. */
  fill(query: Query, reply: Reply, seconds: number): string {
    let text = this.#literals[0]!
    for (let i = 0; i < this.#fields.length; i++) text += this.#fields[i]!(query, reply, seconds) + this.#literals[i + 1]!
    return text
  }
}

const known =
  (read: (query: Query, reply: Reply) => string | undefined = () => undefined): Field =>
  (query, reply) =>
    read(query, reply) || '-'
