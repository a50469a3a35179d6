/** Elements and parts of lists, and parts of texts; numbers below 0 count from the end. */
import { EvaluationError, type Integer, type Value } from '../go/values.ts'
import { type Expression, elementOf } from './types.ts'

type Sequence = string | readonly Value[]

/** @throws {EvaluationError} */
export function entry(list: Expression, index: Expression): Expression {
  const type = elementOf(list.type)
  if (type === undefined || index.type !== 'int') throw new EvaluationError(`${list.type} has no element [${index.type}]`)
  return {
    type,
    evaluate: scope => {
      const elements = list.evaluate(scope) as readonly Value[]
      const at = Number((index.evaluate(scope) as Integer).value)
      if (at >= elements.length || at < -elements.length) throw new EvaluationError(`index out of range: ${at}`)
      return elements.at(at)
    },
  }
}

/** @throws {EvaluationError} */
export function slice(sequence: Expression, from: Expression | undefined, to: Expression | undefined): Expression {
  const { type } = sequence
  if (type !== 'string' && elementOf(type) === undefined) throw new EvaluationError(`${type} has no parts`)
  for (const bound of [from, to])
    if (bound && bound.type !== 'int') throw new EvaluationError(`no part of ${type} begins or ends at ${bound.type}`)
  return {
    type,
    evaluate: scope => {
      const bound = (expression: Expression | undefined) => expression && Number((expression.evaluate(scope) as Integer).value)
      return (sequence.evaluate(scope) as Sequence).slice(bound(from), bound(to))
    },
  }
}
