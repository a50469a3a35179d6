/** What a template is made of: text, values, and what chooses between them. */

import { EvaluationError, Integer, isList, sortedEntries, textOf, truth, typeOf, type Value } from '#src/go/values.ts'
import type { Evaluate, Frame } from './operands.ts'

/** Writes to the text of the frame. @returns what a `range` around has to do @throws {EvaluationError} */
export type Step = (frame: Frame, dot: Value) => 'break' | 'continue' | undefined

export interface Pipeline {
  readonly evaluate: Evaluate
  /** Where the value is kept. */
  readonly slots: readonly number[]
}

type Control = (pipeline: Pipeline, body: Step, otherwise: Step | undefined) => Step

function store({ variables }: Frame, slots: readonly number[], value: Value): Value {
  for (const slot of slots) variables[slot] = value
  return value
}

const run = ({ evaluate, slots }: Pipeline, frame: Frame, dot: Value): Value => store(frame, slots, evaluate(frame, dot))

/** Elements with their indexes or keys. */
function* elements(value: Value, hasIndex: boolean): Generator<readonly [index: Value, element: Value]> {
  if (isList(value)) {
    for (const [i, element] of value.entries()) yield [new Integer(i), element]
  } else if (value instanceof Map) yield* sortedEntries(value)
  else if (value instanceof Integer) {
    if (hasIndex) throw new EvaluationError(`can't use ${textOf(value)} to iterate over more than one variable`)
    for (let i = 0n; i < value.value; i++) yield [undefined, new Integer(i, value.type)]
  } else if (value !== undefined) throw new EvaluationError(`range can't iterate over ${typeOf(value)}`)
}

export const steps = {
  store,

  list:
    (list: readonly Step[]): Step =>
    (frame, dot) => {
      for (const step of list) {
        const signal = step(frame, dot)
        if (signal) return signal
      }
      return undefined
    },

  text:
    (text: string): Step =>
    frame => {
      frame.text += text
      return undefined
    },

  print:
    (evaluate: Evaluate): Step =>
    (frame, dot) => {
      frame.text += textOf(evaluate(frame, dot), '<no value>')
      return undefined
    },

  assign:
    (pipeline: Pipeline): Step =>
    (frame, dot) => {
      run(pipeline, frame, dot)
      return undefined
    },

  if: ((pipeline, body, otherwise) => (frame, dot) =>
    truth(run(pipeline, frame, dot)) ? body(frame, dot) : otherwise?.(frame, dot)) as Control,

  with: ((pipeline, body, otherwise) => (frame, dot) => {
    const value = run(pipeline, frame, dot)
    return truth(value) ? body(frame, value) : otherwise?.(frame, dot)
  }) as Control,

  range: ((pipeline, body, otherwise) => (frame, dot) => {
    const value = run(pipeline, frame, dot)
    const [one, two] = pipeline.slots
    let isEmpty = true
    for (const [index, element] of elements(value, two !== undefined)) {
      if (frame.turns-- === 0) throw new EvaluationError('range takes too many turns')
      isEmpty = false
      if (one !== undefined) frame.variables[one] = two === undefined ? element : index
      if (two !== undefined) frame.variables[two] = element
      if (body(frame, element) === 'break') break
    }
    return isEmpty ? otherwise?.(frame, dot) : undefined
  }) as Control,
}
