import { EvaluationError, Integer, isList, typeOf, type Value } from './values.ts'

/** Numbers are equal whatever their types; values of other types are not compared with each other. @throws {EvaluationError} */
export function isEqual(a: Value, b: Value): boolean {
  if (a instanceof Integer && b instanceof Integer) return a.value === b.value
  if (a === undefined || b === undefined) return a === b
  if (typeOf(a) !== typeOf(b)) throw new EvaluationError(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`)
  if (isList(a) || a instanceof Map) throw new EvaluationError(`non-comparable type ${typeOf(a)}`)
  if (typeof a === 'object' && typeof b === 'object' && 'of' in a && 'of' in b) return a.of === b.of
  return a === b
}

/** @throws {EvaluationError} there is no order of them */
export function isLess(a: Value, b: Value): boolean {
  if (a instanceof Integer && b instanceof Integer) return a.value < b.value
  if (typeof a === 'string' && typeof b === 'string') return a < b
  throw new EvaluationError(`no order between ${typeOf(a)} and ${typeOf(b)}`)
}
