/** What commands are made of. */

import { EvaluationError, type Struct, truth, typeOf, type Value } from '#src/go/values.ts'
import type { GoFunction } from './functions.ts'

/** A template while it is rendered. */
export interface Frame {
  readonly variables: Value[]
  text: string
  /** How many more turns `range` may take. */
  turns: number
}

/** @throws {EvaluationError} */
export type Evaluate = (frame: Frame, dot: Value) => Value

export interface Operand {
  /** The operand with arguments, where it takes any. @throws {EvaluationError} */
  invoke(args: readonly Evaluate[]): Evaluate
  /** A value that has no fields. */
  readonly isConstant?: boolean
  readonly isNil?: boolean
}

const plain =
  (evaluate: Evaluate): Operand['invoke'] =>
  args => {
    if (args.length > 0) throw new EvaluationError("can't give argument to non-function")
    return evaluate
  }

export const operands = {
  value: (evaluate: Evaluate): Operand => ({ invoke: plain(evaluate) }),

  nil: {
    isConstant: true,
    isNil: true,
    invoke: () => {
      throw new EvaluationError('nil is not a command')
    },
  } satisfies Operand as Operand,

  /** `and`, `or`: the first value that decides. */
  choice: (name: 'and' | 'or'): Operand => ({
    invoke: args => {
      if (args.length === 0) throw new EvaluationError(`wrong number of args for ${name}: want at least 1 got 0`)
      return (frame, dot) => {
        let value: Value
        for (const arg of args) {
          value = arg(frame, dot)
          if (truth(value) === (name === 'or')) break
        }
        return value
      }
    },
  }),

  call: (name: string, { least, most, call }: GoFunction): Operand => ({
    invoke: args => {
      if (args.length < least || args.length > most)
        throw new EvaluationError(
          `wrong number of args for ${name}: want ${least === most ? '' : 'at least '}${least} got ${args.length}`,
        )
      return (frame, dot) => call(args.map(arg => arg(frame, dot)))
    },
  }),

  /** The last field takes the arguments. */
  field: (receiver: Evaluate, names: readonly string[]): Operand => ({
    invoke: args => (frame, dot) => {
      let value = receiver(frame, dot)
      for (const [i, name] of names.entries())
        value = fieldOf(value, name, i < names.length - 1 ? [] : args.map(arg => arg(frame, dot)))
      return value
    },
  }),
}

/** @throws {EvaluationError} */
function fieldOf(value: Value, name: string, args: readonly Value[]): Value {
  if (value === undefined) return undefined
  if (value instanceof Map) {
    if (args.length > 0) throw new EvaluationError(`${name} is not a method but has arguments`)
    return value.get(name)
  }
  if (typeof value !== 'object' || !('of' in value))
    throw new EvaluationError(`can't evaluate field ${name} in type ${typeOf(value)}`)
  const { type, of } = value as Struct
  const { read, arity = 0 } = type.field(name)
  if (args.length !== arity) throw new EvaluationError(`wrong number of args for ${name}: want ${arity} got ${args.length}`)
  return read(of, ...args)
}
