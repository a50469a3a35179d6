/** Functions that ask of each element of a list whether, or what. */
import { Integer, type Value } from '../go/values.ts'
import type { Expression, Scope, Type } from './types.ts'

type Test = (element: Value) => boolean
type Apply = (list: readonly Value[], test: Test) => Value

const tests: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ['all', (list, test) => list.every(test)],
  ['any', (list, test) => list.some(test)],
  ['none', (list, test) => !list.some(test)],
  ['one', (list, test) => list.filter(test).length === 1],
  ['count', (list, test) => new Integer(list.filter(test).length)],
  ['filter', (list, test) => list.filter(test)],
])

export const isPredicate = (name: string): boolean => name === 'map' || tests.has(name)

/** @param each what is evaluated with each element; undefined where its type does not do */
export function predicate(name: string, list: Expression, each: Expression): Expression | undefined {
  const apply = (scope: Scope) => (element: Value) => each.evaluate({ ...scope, element })
  const elements = (scope: Scope) => list.evaluate(scope) as readonly Value[]
  if (name === 'map') return { type: `${each.type}[]`, evaluate: scope => elements(scope).map(apply(scope)) }
  if (each.type !== 'bool') return undefined
  const result: Type = name === 'filter' ? list.type : name === 'count' ? 'int' : 'bool'
  return { type: result, evaluate: scope => tests.get(name)!(elements(scope), apply(scope) as Test) }
}
