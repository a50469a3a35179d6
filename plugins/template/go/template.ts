import { octetsOf, type Struct, type StructType } from '#src/go/values.ts'
import { parse } from './parser.ts'
import type { Step } from './steps.ts'

/** How many turns all `range` of a template take together. */
const MOST_TURNS = 10_000

/** A template of Go's text/template. */
export class GoTemplate {
  readonly #step: Step
  readonly #variables: number

  /** @param data what it is rendered with @throws {EvaluationError} */
  constructor(source: string, data: StructType) {
    const { step, variables } = parse(octetsOf(source), data)
    this.#step = step
    this.#variables = variables
  }

  /** @throws {EvaluationError} */
  render(data: Struct): string {
    const frame = { variables: new Array(this.#variables).fill(undefined), text: '', turns: MOST_TURNS }
    frame.variables[0] = data
    this.#step(frame, data)
    return Buffer.from(frame.text, 'latin1').toString()
  }
}
