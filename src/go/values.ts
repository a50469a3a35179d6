/**
 * The values that templates and expressions compute with, as far as Go has them there.
 *
 * Strings are octets, one character each, as in Go: so lengths, indexes and comparisons are Go's own. `undefined` is no value: an entry
 * that a map does not have.
 */
export type Value = string | boolean | Integer | readonly Value[] | ReadonlyMap<string, Value> | Struct | undefined

type IntegerType = 'int' | 'uint8' | 'uint16' | 'uint64'

export class Integer {
  readonly value: bigint
  readonly type: IntegerType

  constructor(value: bigint | number, type: IntegerType = 'int') {
    this.value = BigInt(value)
    this.type = type
  }
}

/** A field of a struct, or a method. */
export interface Field<T> {
  readonly read: (of: T, ...args: readonly Value[]) => Value
  /** How many arguments `read` takes; none by default. */
  readonly arity?: number
  /** That of the value, where it is a struct itself. */
  readonly type?: StructType
}

/** What the fields of a struct are. */
export class StructType {
  readonly name: string
  readonly #fields: ReadonlyMap<string, Field<never>>

  constructor(name: string, fields: ReadonlyMap<string, Field<never>>) {
    this.name = name
    this.#fields = fields
  }

  /** @throws {EvaluationError} */
  field(name: string): Field<unknown> {
    const field = this.#fields.get(name)
    if (!field) throw new EvaluationError(`no field ${name} in ${this.name}`)
    return field as Field<unknown>
  }
}

export interface Struct {
  readonly type: StructType
  readonly of: unknown
}

/** A template or an expression that is none, or that has no value. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError'
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

/** As Go's error messages name it. */
export function typeOf(value: Value): string {
  if (value === undefined) return 'nil'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (value instanceof Integer) return value.type
  if (value instanceof Map) return 'map'
  return isList(value) ? 'list' : (value as Struct).type.name
}

/** False, 0, no value and whatever is empty are not true. */
export function truth(value: Value): boolean {
  if (value instanceof Integer) return value.value !== 0n
  if (value instanceof Map) return value.size > 0
  return isList(value) ? value.length > 0 : Boolean(value)
}

/** As Go's fmt writes it. @param none what stands for no value @throws {EvaluationError} a struct */
export function textOf(value: Value, none = '<nil>'): string {
  if (value === undefined) return none
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (value instanceof Integer) return String(value.value)
  if (value instanceof Map)
    return `map[${sortedEntries(value)
      .map(([key, entry]) => `${key}:${textOf(entry)}`)
      .join(' ')}]`
  if (isList(value)) return `[${value.map(item => textOf(item)).join(' ')}]`
  throw new EvaluationError(`can't print ${typeOf(value)}`)
}

/** In the order of the keys, as Go walks through maps. */
export const sortedEntries = (map: ReadonlyMap<string, Value>): [string, Value][] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

/** Text as octets. */
export const octetsOf = (text: string): string => (/[^\0-\x7f]/.test(text) ? Buffer.from(text).toString('latin1') : text)
