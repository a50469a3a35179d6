/** What templates are rendered with. */
import type { RE2JS } from 're2js'
import { CLASS, className, FLAG, TYPE, typeName } from '#src/dns/codes.ts'
import { toText } from '#src/dns/name.ts'
import { type Functions, functions } from '#src/expression/functions.ts'
import type { Subject } from '#src/expression/types.ts'
import { type Field, Integer, octetsOf, StructType, textOf, type Value } from '#src/go/values.ts'
import type { Query } from '#src/plugin.ts'
import { text } from './go/functions.ts'

/** What is known of a query that a rule matches. */
export class Data implements Subject {
  readonly query: Query
  /** The zone of the rule that holds the name, as text. */
  readonly zone: string
  readonly class: string
  readonly type: string
  readonly pattern: RE2JS
  /** What plugins tell of the query under a label; undefined for nothing. */
  readonly readMetadata: (label: string) => string | undefined
  /** What expressions of the rule are, by their names. */
  readonly variables = new Map<string, Value>()
  #groups: ReadonlyMap<string, string> | undefined

  constructor(fields: Pick<Data, 'query' | 'zone' | 'class' | 'type' | 'pattern' | 'readMetadata'>) {
    this.query = fields.query
    this.zone = fields.zone
    this.class = fields.class
    this.type = fields.type
    this.pattern = fields.pattern
    this.readMetadata = fields.readMetadata
  }

  /** What groups of the pattern match, by number and by name; the match itself is 0. */
  get groups(): ReadonlyMap<string, string> {
    this.#groups ??= groupsOf(this.pattern, this.query.name)
    return this.#groups
  }
}

/** As IANA calls it; empty where that is not known. What is asked decides, unless that is ANY. */
export const classText = (asked: number, own: number): string => named(className(asked === CLASS.ANY ? own : asked), 'CLASS')
export const typeText = (asked: number, own: number): string => named(typeName(asked === TYPE.ANY ? own : asked), 'TYPE')

const named = (text: string, prefix: string): string => (text.startsWith(prefix) ? '' : text)

function groupsOf(pattern: RE2JS, name: string): ReadonlyMap<string, string> {
  const matcher = pattern.matcher(name)
  matcher.find()
  const groups = new Map<string, string>()
  for (let i = 0; i <= pattern.groupCount(); i++) groups.set(String(i), matcher.group(i) ?? '')
  for (const [group, text] of Object.entries(matcher.getNamedGroups())) groups.set(group, text ?? '')
  return groups
}

const struct = <T>(name: string, fields: Readonly<Record<string, Field<T> | ((of: T) => Value)>>): StructType =>
  new StructType(
    name,
    new Map(Object.entries(fields).map(([field, given]) => [field, typeof given === 'function' ? { read: given } : given])),
  )

const flag =
  (bit: number) =>
  ({ flags }: Query): boolean =>
    (flags & bit) !== 0

const QUESTION = struct<Query>('the question', {
  // As the client wrote it.
  Name: ({ message, questionEnd }) => toText(Buffer.from(message.subarray(12, questionEnd - 4)).toString('latin1')),
  Qtype: ({ type }) => new Integer(type, 'uint16'),
  Qclass: ({ class: code }) => new Integer(code, 'uint16'),
})

const MESSAGE = struct<Query>('the message', {
  Id: ({ id }) => new Integer(id, 'uint16'),
  Opcode: ({ opcode }) => new Integer(opcode),
  Rcode: ({ flags }) => new Integer(flags & 15),
  Response: flag(FLAG.QR),
  Authoritative: flag(FLAG.AA),
  Truncated: flag(FLAG.TC),
  RecursionDesired: flag(FLAG.RD),
  RecursionAvailable: flag(FLAG.RA),
  Zero: flag(FLAG.Z),
  AuthenticatedData: flag(FLAG.AD),
  CheckingDisabled: flag(FLAG.CD),
  Question: query => [{ type: QUESTION, of: query }],
})

export const DATA = struct<Data>('the query', {
  Zone: ({ zone }) => zone,
  Name: ({ query }) => query.name,
  Class: ({ class: name }) => name,
  Type: ({ type }) => type,
  Regex: ({ pattern }) => pattern.pattern(),
  Match: ({ pattern, groups }) => Array.from({ length: pattern.groupCount() + 1 }, (_, i) => groups.get(String(i))),
  Group: ({ groups }) => groups,
  Var: ({ variables }) => variables,
  Message: { read: ({ query }) => ({ type: MESSAGE, of: query }), type: MESSAGE },
  Question: { read: ({ query }) => ({ type: QUESTION, of: query }), type: QUESTION },
  Remote: ({ query }) => query.client.address,
  Meta: { arity: 1, read: (data, label) => octetsOf(data.readMetadata(text(label)) ?? '') },
})

/** What expressions of a rule can call; `group` is what a group of its pattern matched. */
export const FUNCTIONS: Functions = new Map([
  ...functions,
  [
    'group',
    (['string', 'int'] as const).map(type => ({
      parameters: [type],
      result: 'string',
      call: ([name], { data }) => (data as Data).groups.get(textOf(name)) ?? '',
    })),
  ],
])
