/** What stands between two operands, with what it binds, the strongest last. */
import { compilePattern } from '../corefile/pattern.ts'
import { isEqual, isLess } from '../go/comparison.ts'
import { EvaluationError, Integer, type Value } from '../go/values.ts'
import { type Expression, elementOf, type Scope, type Type } from './types.ts'

export const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ['|', 0], ['or', 10], ['||', 10], ['and', 15], ['&&', 15], ['==', 20], ['!=', 20], ['<', 20], ['>', 20], ['<=', 20], ['>=', 20], ['in', 20],
  ['matches', 20], ['contains', 20], ['startsWith', 20], ['endsWith', 20], ['..', 25], ['+', 30], ['-', 30], ['*', 60], ['%', 60],
]) // biome-ignore format: a table

/** Of those before an operand. */
export const PREFIXES: ReadonlyMap<string, number> = new Map([['not', 50], ['!', 50], ['-', 90], ['+', 90]]) // biome-ignore format: a table

/** Those that `not` may stand before. */
export const NEGATED: ReadonlySet<string> = new Set(['in', 'matches', 'contains', 'startsWith', 'endsWith'])

export const COMPARISONS: ReadonlySet<string> = new Set(['<', '>', '<=', '>='])

type Operate = (left: Value, right: Value) => Value

const texts = (test: (left: string, right: string) => boolean): Operate => test as Operate
/** 64 bits, as Go's. */
const numbers =
  (count: (left: bigint, right: bigint) => bigint): Operate =>
  (left, right) =>
    new Integer(BigInt.asIntN(64, count((left as Integer).value, (right as Integer).value)))

const onTexts: ReadonlyMap<string, Operate> = new Map([
  ['contains', texts((left, right) => left.includes(right))],
  ['startsWith', texts((left, right) => left.startsWith(right))],
  ['endsWith', texts((left, right) => left.endsWith(right))],
])

const comparisons: ReadonlyMap<string, Operate> = new Map([
  ['<', isLess],
  ['>', (left, right) => isLess(right, left)],
  ['<=', (left, right) => !isLess(right, left)],
  ['>=', (left, right) => !isLess(left, right)],
])

const onNumbers: ReadonlyMap<string, Operate> = new Map([
  ['+', numbers((left, right) => left + right)],
  ['-', numbers((left, right) => left - right)],
  ['*', numbers((left, right) => left * right)],
  ['%', numbers(remainder)],
])

function remainder(left: bigint, right: bigint): bigint {
  if (right === 0n) throw new EvaluationError('division by zero')
  return left % right
}

/** How many elements a range has at most, as in expr-lang. */
const LONGEST_RANGE = 1_000_000

function range(left: Value, right: Value): Value {
  const first = (left as Integer).value
  const size = Number((right as Integer).value - first) + 1
  if (size > LONGEST_RANGE) throw new EvaluationError(`a range of more than ${LONGEST_RANGE} numbers`)
  return Array.from({ length: Math.max(0, size) }, (_, i) => new Integer(first + BigInt(i)))
}

/** Worked out once, where the query decides nothing. @throws {EvaluationError} */
function constantly(expression: Expression, ...parts: readonly Expression[]): Expression {
  if (parts.some(({ constant }) => constant === undefined)) return expression
  const value = expression.evaluate({} as Scope)
  return { type: expression.type, constant: value, evaluate: () => value }
}

/** @throws {EvaluationError} there is no such operation on values of these types */
export function operation(sign: string, left: Expression, right: Expression): Expression {
  const of = (type: Type, operate: Operate): Expression => ({
    type,
    evaluate: scope => operate(left.evaluate(scope), right.evaluate(scope)),
  })
  const areSame = left.type === right.type
  const isList = elementOf(left.type) !== undefined
  if (sign === 'and' || sign === '&&' || sign === 'or' || sign === '||') {
    if (areSame && left.type === 'bool') return choice(left, right, sign === 'or' || sign === '||')
  } else if (sign === '==' || sign === '!=') {
    if (areSame && !isList) return of('bool', (a, b) => isEqual(a, b) === (sign === '=='))
  } else if (sign === 'in') {
    if (elementOf(right.type) === left.type)
      return of('bool', (item, list) => (list as readonly Value[]).some(one => isEqual(one, item)))
  } else if (sign === '..') {
    if (areSame && left.type === 'int') return constantly(of('int[]', range), left, right)
  } else if (comparisons.has(sign)) {
    if (areSame && (left.type === 'string' || left.type === 'int')) return of('bool', comparisons.get(sign)!)
  } else if (sign === '+' && areSame && left.type === 'string') {
    return of('string', (a, b) => (a as string) + (b as string))
  } else if (onNumbers.has(sign)) {
    if (areSame && left.type === 'int') return of('int', onNumbers.get(sign)!)
  } else if (areSame && left.type === 'string') {
    return sign === 'matches' ? matching(left, right) : of('bool', onTexts.get(sign)!)
  }
  throw new EvaluationError(`invalid operation: ${sign} (mismatched types ${left.type} and ${right.type})`)
}

const choice = (left: Expression, right: Expression, decides: boolean): Expression => ({
  type: 'bool',
  evaluate: scope => (left.evaluate(scope) === decides ? decides : right.evaluate(scope)),
})

/** An expression that the query decides would be compiled with each. */
function matching(left: Expression, right: Expression): Expression {
  if (typeof right.constant !== 'string') throw new EvaluationError('what stands behind matches must be a text')
  const pattern = compilePattern(Buffer.from(right.constant, 'latin1').toString())
  return { type: 'bool', evaluate: scope => pattern.test(left.evaluate(scope) as string) }
}

/** @throws {EvaluationError} */
export function prefixed(sign: string, { type, evaluate }: Expression): Expression {
  if (sign === 'not' || sign === '!') {
    if (type === 'bool') return { type, evaluate: scope => !evaluate(scope) }
  } else if (type === 'int') {
    const negate = numbers((_, value) => -value)
    return { type, evaluate: (scope: Scope) => (sign === '-' ? negate(new Integer(0), evaluate(scope)) : evaluate(scope)) }
  }
  throw new EvaluationError(`invalid operation: ${sign} (mismatched type ${type})`)
}
