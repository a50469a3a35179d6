/** The functions that templates can call. */
import { isEqual, isLess } from '#src/go/comparison.ts'
import { readUnsigned } from '#src/go/literals.ts'
import { EvaluationError, Integer, isList, textOf, truth, typeOf, type Value } from '#src/go/values.ts'
import { escapeHtml, escapeJavaScript, escapeQuery } from './escapes.ts'
import { formatted } from './printf.ts'

export interface GoFunction {
  /** How many arguments it takes. */
  readonly least: number
  readonly most: number
  /** @throws {EvaluationError} */
  call(args: readonly Value[]): Value
}

const fixed = (arity: number, call: GoFunction['call']): GoFunction => ({ least: arity, most: arity, call })
const variadic = (least: number, call: GoFunction['call']): GoFunction => ({ least, most: Number.POSITIVE_INFINITY, call })

/** All but `and` and `or`, which evaluate no more than they need. */
export const functions: ReadonlyMap<string, GoFunction> = new Map([
  ['not', fixed(1, ([value]) => !truth(value))],
  ['eq', variadic(1, ([first, ...others]) => equalsAny(first, others))],
  ['ne', fixed(2, ([a, b]) => !isEqual(a, b))],
  ['lt', fixed(2, ([a, b]) => isLess(a, b))],
  ['le', fixed(2, ([a, b]) => isLess(a, b) || isEqual(a, b))],
  ['gt', fixed(2, ([a, b]) => !(isLess(a, b) || isEqual(a, b)))],
  ['ge', fixed(2, ([a, b]) => !isLess(a, b))],
  ['len', fixed(1, ([value]) => new Integer(lengthOf(value)))],
  ['index', variadic(1, ([value, ...indexes]) => indexes.reduce(entryOf, found(value, 'index')))],
  ['slice', variadic(1, ([value, ...bounds]) => sliceOf(found(value, 'slice'), bounds))],
  ['print', variadic(0, print)],
  ['printf', variadic(1, ([format, ...args]) => formatted(wanted(format, 'string', isString), args))],
  ['println', variadic(0, args => `${args.map(arg => textOf(arg)).join(' ')}\n`)],
  ['html', variadic(0, args => escapeHtml(joined(args)))],
  ['js', variadic(0, args => escapeJavaScript(joined(args)))],
  ['urlquery', variadic(0, args => escapeQuery(joined(args)))],
  ['parseInt', fixed(3, parseInteger)],
])

const isString = (value: Value): value is string => typeof value === 'string'
const isInt = (value: Value): value is Integer => value instanceof Integer && value.type === 'int'

/** An argument of a function that says of what type it is to be. */
function wanted<V extends Value>(value: Value, type: string, is: (value: Value) => value is V): V {
  if (!is(value)) throw new EvaluationError(`wrong type for value; expected ${type}; got ${typeOf(value)}`)
  return value
}

export const text = (value: Value): string => wanted(value, 'string', isString)

function found(value: Value, name: string): Value {
  if (value === undefined) throw new EvaluationError(`${name} of untyped nil`)
  return value
}

function equalsAny(first: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new EvaluationError('missing argument for comparison')
  return others.some(other => isEqual(first, other))
}

function lengthOf(value: Value): number {
  if (isString(value) || isList(value)) return value.length
  if (value instanceof Map) return value.size
  throw new EvaluationError(`len of type ${typeOf(value)}`)
}

/** @param most the highest that there is */
function indexFrom(value: Value, most: number): number {
  if (!(value instanceof Integer)) throw new EvaluationError(`cannot index with type ${typeOf(value)}`)
  if (value.value < 0n || value.value > most) throw new EvaluationError(`index out of range: ${value.value}`)
  return Number(value.value)
}

function entryOf(value: Value, index: Value): Value {
  if (value instanceof Map) return value.get(text(index)) ?? ''
  if (isString(value)) return new Integer(value.charCodeAt(indexFrom(index, value.length - 1)), 'uint8')
  if (isList(value)) return value[indexFrom(index, value.length - 1)]
  throw new EvaluationError(`can't index item of type ${typeOf(value)}`)
}

function sliceOf(value: Value, bounds: readonly Value[]): Value {
  if (!isString(value) && !isList(value)) throw new EvaluationError(`can't slice item of type ${typeOf(value)}`)
  if (bounds.length > (isString(value) ? 2 : 3)) throw new EvaluationError(`too many slice indexes: ${bounds.length}`)
  const [from = 0, to = value.length, most = to] = bounds.map(bound => indexFrom(bound, value.length))
  if (from > to || to > most) throw new EvaluationError(`invalid slice index: ${from} > ${to}`)
  return value.slice(from, to)
}

/** A space stands between two of which none is a string. */
function print(args: readonly Value[]): string {
  let printed = ''
  for (const [i, arg] of args.entries()) {
    if (i > 0 && !isString(arg) && !isString(args[i - 1])) printed += ' '
    printed += textOf(arg)
  }
  return printed
}

const joined = (args: readonly Value[]): string => print(args.map(arg => arg ?? '<no value>'))

/** A whole number without a sign, `parseInt TEXT BASE BITS`: base 0 goes by the prefix, no bits are 64. */
function parseInteger([digits, base, bits]: readonly Value[]): Integer {
  const source = text(digits)
  const radix = Number(wanted(base, 'int', isInt).value)
  const size = Number(wanted(bits, 'int', isInt).value)
  if (radix !== 0 && (radix < 2 || radix > 36)) throw new EvaluationError(`parsing "${source}": invalid base ${radix}`)
  if (size < 0 || size > 64) throw new EvaluationError(`parsing "${source}": invalid bit size ${size}`)
  const value = radix === 0 ? readUnsigned(source) : readDigits(source, radix)
  if (value === undefined) throw new EvaluationError(`parsing "${source}": invalid syntax`)
  if (value >= 1n << BigInt(size || 64)) throw new EvaluationError(`parsing "${source}": value out of range`)
  return new Integer(value, 'uint64')
}

function readDigits(source: string, radix: number): bigint | undefined {
  if (source === '') return undefined
  let value = 0n
  for (const character of source.toLowerCase()) {
    const digit = /[0-9a-z]/.test(character) ? Number.parseInt(character, 36) : radix
    if (digit >= radix) return undefined
    value = value * BigInt(radix) + BigInt(digit)
  }
  return value
}
