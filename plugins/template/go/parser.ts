/** Text of a template to functions that render it: Go's text/template without definitions of further templates. */

import { readCharacter, readNumber, unquote } from '#src/go/literals.ts'
import { EvaluationError, type StructType, type Value } from '#src/go/values.ts'
import { functions } from './functions.ts'
import { type Evaluate, type Operand, operands } from './operands.ts'
import { type Pipeline, type Step, steps } from './steps.ts'
import { type Kind, type Token, tokenize } from './tokens.ts'

const CONTROLS = new Set(['if', 'with', 'range', 'else', 'end', 'break', 'continue', 'define', 'block', 'template'])

/** @param source as octets @param data what `.` and `$` are @throws {EvaluationError} */
export function parse(source: string, data: StructType): { step: Step; variables: number } {
  const parser = new Parser(tokenize(source), data)
  return { step: parser.parse(), variables: parser.variables }
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #data: StructType
  #at = 0
  /** Names of those in sight, with where their values are; the nearest last. */
  #scope: (readonly [name: string, slot: number])[] = [['$', 0]]
  #slots = 1
  /** How many `range` there are around. */
  #ranges = 0
  /** `.` is what it was at the beginning. */
  #dotIsData = true

  constructor(tokens: readonly Token[], data: StructType) {
    this.#tokens = tokens
    this.#data = data
  }

  /** How many the template has, `$` included. */
  get variables(): number {
    return this.#slots
  }

  parse(): Step {
    const { step, closed } = this.#list()
    if (closed !== undefined) throw new EvaluationError(`unexpected {{${closed}}}`)
    return step
  }

  /** All up to the `end` or `else` that is not its own. */
  #list(): { step: Step; closed: 'end' | 'else' | undefined } {
    const list: Step[] = []
    for (;;) {
      const token = this.#next()
      if (token.kind === 'end') return { step: steps.list(list), closed: undefined }
      if (token.kind === 'text') {
        list.push(steps.text(token.text))
        continue
      }
      const word = this.#peek()
      if (word.kind !== 'word' || !CONTROLS.has(word.text)) {
        const pipeline = this.#pipeline('right', 'command')
        list.push(pipeline.slots.length > 0 ? steps.assign(pipeline) : steps.print(pipeline.evaluate))
        continue
      }
      this.#next()
      if (word.text === 'end') this.#expect('right')
      if (word.text === 'end' || word.text === 'else') return { step: steps.list(list), closed: word.text }
      list.push(this.#control(word.text))
    }
  }

  #control(word: string): Step {
    if (word === 'break' || word === 'continue') {
      this.#expect('right')
      if (this.#ranges === 0) throw new EvaluationError(`{{${word}}} outside {{range}}`)
      return () => word
    }
    if (word !== 'if' && word !== 'with' && word !== 'range') throw new EvaluationError(`{{${word}}} is not supported`)
    const scope = this.#scope
    const pipeline = this.#pipeline('right', word)
    if (word === 'range') this.#ranges++
    const body = this.#within(word === 'if', () => this.#list())
    if (word === 'range') this.#ranges--
    const otherwise = body.closed === 'else' ? this.#otherwise(word) : undefined
    if (body.closed === undefined) throw new EvaluationError(`{{${word}}} without {{end}}`)
    this.#scope = scope
    return steps[word](pipeline, body.step, otherwise)
  }

  /** What stands behind an `else`, which may go on with a further condition. */
  #otherwise(word: string): Step {
    const again = this.#peek()
    if (word !== 'range' && again.kind === 'word' && again.text === word) {
      this.#next()
      return this.#control(word)
    }
    this.#expect('right')
    const { step, closed } = this.#within(true, () => this.#list())
    if (closed !== 'end') throw new EvaluationError(`{{${word}}} without {{end}}`)
    return step
  }

  /** Variables of `read` are in sight there only. */
  #within<T>(dotStays: boolean, read: () => T): T {
    const [scope, dotIsData] = [this.#scope, this.#dotIsData]
    this.#dotIsData &&= dotStays
    const result = read()
    this.#scope = scope
    this.#dotIsData = dotIsData
    return result
  }

  /** [$VARIABLE :=|=] COMMAND [| COMMAND]... */
  #pipeline(closing: Kind, context: string): Pipeline {
    const { names, declares } = this.#declarations(context)
    let evaluate: Evaluate | undefined
    for (let isLast = false; !isLast; ) {
      evaluate = this.#command(evaluate)
      const { kind, text } = this.#next()
      isLast = kind === closing
      if (!isLast && kind !== 'pipe') throw new EvaluationError(`unexpected '${text}' in ${context}`)
    }
    const slots = names.map(name => (declares ? this.#declare(name) : this.#slot(name)))
    return { evaluate: evaluate!, slots }
  }

  #declarations(context: string): { names: readonly string[]; declares: boolean } {
    const start = this.#at
    const names: string[] = []
    while (this.#peek().kind === 'variable') {
      names.push(this.#next().text)
      const { kind } = this.#peek()
      if (kind === 'declare' || kind === 'assign') {
        this.#next()
        return { names, declares: kind === 'declare' }
      }
      if (kind !== 'comma') break
      if (context !== 'range' || names.length > 1) throw new EvaluationError(`too many declarations in ${context}`)
      this.#next()
    }
    this.#at = start
    return { names: [], declares: false }
  }

  #declare(name: string): number {
    this.#scope = [...this.#scope, [name, this.#slots]]
    return this.#slots++
  }

  #slot(name: string): number {
    const found = this.#scope.findLast(([known]) => known === name)
    if (!found) throw new EvaluationError(`undefined variable "${name}"`)
    return found[1]
  }

  /** An operand with its arguments. @param last a further argument, which comes from the command before */
  #command(last: Evaluate | undefined): Evaluate {
    const first = this.#operand()
    if (!first) throw new EvaluationError(`unexpected '${this.#peek().text}' in command`)
    const args: Evaluate[] = []
    for (;;) {
      const { kind } = this.#tokens[this.#at] ?? END
      if (kind === 'space') {
        const operand = this.#operand()
        if (operand) args.push(operand.isNil ? () => undefined : operand.invoke([]))
        else return first.invoke(last ? [...args, last] : args)
      } else if (kind === 'right' || kind === 'close' || kind === 'pipe') return first.invoke(last ? [...args, last] : args)
      else throw new EvaluationError(`unexpected '${this.#next().text}' in operand`)
    }
  }

  /** A term and the fields that are taken of it; undefined where none begins. */
  #operand(): Operand | undefined {
    const token = this.#peek()
    const start = this.#at
    this.#next()
    const fields: string[] = token.kind === 'field' ? [token.text.slice(1)] : []
    const term = this.#term(token)
    if (!term) {
      this.#at = start
      return undefined
    }
    while (this.#tokens[this.#at]?.kind === 'field') fields.push(this.#next().text.slice(1))
    if (fields.length === 0) return term
    if (term.isConstant) throw new EvaluationError(`unexpected . after term ${token.text}`)
    if ((token.kind === 'field' && this.#dotIsData) || token.text === '$') checkFields(this.#data, fields)
    return operands.field(term.invoke([]), fields)
  }

  #term({ kind, text }: Token): Operand | undefined {
    switch (kind) {
      case 'word':
        return this.#word(text)
      case 'dot':
        return { ...operands.value((_, dot) => dot), isConstant: true }
      case 'field':
        return operands.value((_, dot) => dot)
      case 'variable': {
        const slot = this.#slot(text)
        return operands.value(({ variables }) => variables[slot])
      }
      case 'number':
        return constant(readNumber(text))
      case 'character':
        return constant(readCharacter(text))
      case 'string':
        return constant(unquote(text))
      case 'raw':
        return constant(text.slice(1, -1).replaceAll('\r', ''))
      case 'open': {
        const { evaluate, slots } = this.#pipeline('close', 'parenthesized pipeline')
        return operands.value(slots.length === 0 ? evaluate : (frame, dot) => steps.store(frame, slots, evaluate(frame, dot)))
      }
      default:
        return undefined
    }
  }

  #word(text: string): Operand {
    if (text === 'true' || text === 'false') return constant(text === 'true')
    if (text === 'nil') return operands.nil
    if (text === 'and' || text === 'or') return operands.choice(text)
    const called = functions.get(text)
    if (!called) throw new EvaluationError(`function "${text}" not defined`)
    return operands.call(text, called)
  }

  /** The next token but spaces, not taken. */
  #peek(): Token {
    while (this.#tokens[this.#at]?.kind === 'space') this.#at++
    return this.#tokens[this.#at] ?? END
  }

  #next(): Token {
    const token = this.#peek()
    this.#at++
    return token
  }

  #expect(kind: Kind): void {
    const token = this.#next()
    if (token.kind !== kind) throw new EvaluationError(`unexpected '${token.text}'`)
  }
}

const END: Token = { kind: 'end', text: 'end of the template' }

const constant = (value: Value): Operand => ({ ...operands.value(() => value), isConstant: true })

/** Whether there are such fields, as far as it is known before there is a query. @throws {EvaluationError} */
function checkFields(data: StructType, fields: readonly string[]): void {
  let type: StructType | undefined = data
  for (const field of fields) type = type?.field(field).type
}
