/** Expressions are checked when the Corefile is read: each knows of what type its value will be. */
import type { Query } from '../dns/query.ts'
import type { Value } from '../go/values.ts'

export type Type = 'string' | 'bool' | 'int' | `${string}[]`

/** What expressions are asked of. */
export interface Subject {
  readonly query: Query
  /** What plugins tell of the query under a label; undefined for nothing. */
  readMetadata(label: string): string | undefined
  readonly variables: ReadonlyMap<string, Value>
}

/** What an expression is evaluated with. */
export interface Scope {
  readonly data: Subject
  /** The element that a predicate looks at, `#`. */
  readonly element?: Value
}

export interface Expression {
  readonly type: Type
  /** It is the same whatever the query; undefined where that is not known. */
  readonly constant?: Value
  /** @throws {EvaluationError} */
  evaluate(scope: Scope): Value
}

/** A function; of several of one name the first whose parameters fit is meant. */
export interface Signature {
  readonly parameters: readonly Type[]
  readonly result: Type
  /** @throws {EvaluationError} */
  call(args: readonly Value[], scope: Scope): Value
}

export const elementOf = (type: Type): Type | undefined => (type.endsWith('[]') ? (type.slice(0, -2) as Type) : undefined)
