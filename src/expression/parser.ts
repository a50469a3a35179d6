/** Text of an expression to functions that evaluate it: the expr language, as far as texts, truth values, whole numbers and lists of them go. */
import type { Line } from '../corefile/directive.ts'
import { readNumber, unquote } from '../go/literals.ts'
import { EvaluationError, octetsOf, type Value } from '../go/values.ts'
import { type Functions, lengthOf } from './functions.ts'
import { COMPARISONS, NEGATED, operation, PRECEDENCE, PREFIXES, prefixed } from './operators.ts'
import { isPredicate, predicate } from './predicates.ts'
import { entry, slice } from './subscripts.ts'
import { type Token, tokenize } from './tokens.ts'
import { type Expression, elementOf, type Type } from './types.ts'

const WORDS = ['true', 'false', 'nil', 'not', 'let', 'if', 'else', 'len', ...PRECEDENCE.keys()]

/** What an expression may name beside what the language has. */
export interface Known {
  readonly functions: Functions
  /** Their types by name. */
  readonly variables: ReadonlyMap<string, Type>
}

/** Whether it means something already. */
export const isReserved = (name: string, { functions, variables }: Known): boolean =>
  WORDS.includes(name) || isPredicate(name) || functions.has(name) || variables.has(name)

/** @param source as octets @throws {EvaluationError} */
export function parse(source: string, known: Known): Expression {
  return new Parser(tokenize(source), known).parse()
}

/** All that is left of a line. @throws {Problem} */
export function readExpression(line: Line, known: Known): Expression {
  const source = line.some('EXPRESSION').join(' ')
  try {
    return parse(octetsOf(source), known)
  } catch (error) {
    throw line.problem(`EXPRESSION: ${(error as Error).message}`)
  }
}

const END: Token = { kind: 'end', text: 'end of the expression' }

class Parser {
  readonly #tokens: readonly Token[]
  readonly #known: Known
  #at = 0
  /** What `#` is, within a predicate. */
  #element: Type | undefined

  constructor(tokens: readonly Token[], known: Known) {
    this.#tokens = tokens
    this.#known = known
  }

  parse(): Expression {
    const expression = this.#whole()
    if (this.#token.kind !== 'end') throw this.#unexpected()
    return expression
  }

  /** [CONDITION ? VALUE : VALUE] */
  #whole(): Expression {
    let expression = this.#operations(0)
    while (this.#takes('?')) {
      const condition = expression
      const yes = this.#whole()
      this.#expect(':')
      const no = this.#whole()
      if (condition.type !== 'bool') throw new EvaluationError(`a condition must be a bool, not ${condition.type}`)
      if (yes.type !== no.type)
        throw new EvaluationError(`both values of a condition must be of one type, not ${yes.type} and ${no.type}`)
      expression = { type: yes.type, evaluate: scope => (condition.evaluate(scope) ? yes : no).evaluate(scope) }
    }
    return expression
  }

  /** Operands with those operators between them that bind at least so much. */
  #operations(least: number): Expression {
    let left = this.#operand()
    for (;;) {
      const start = this.#at
      const isNegated = this.#takes('not')
      const { kind, text: sign } = this.#token
      const precedence = kind === 'sign' || kind === 'word' ? PRECEDENCE.get(sign) : undefined
      if (precedence === undefined || precedence < least || (isNegated && !NEGATED.has(sign))) {
        this.#at = start
        return left
      }
      this.#at++
      if (sign === '|') left = this.#call(this.#word(), left)
      else if (COMPARISONS.has(sign)) left = this.#comparison(left, sign, precedence)
      else {
        const found = operation(sign, left, this.#operations(precedence + 1))
        left = isNegated ? prefixed('not', found) : found
      }
    }
  }

  /** `1 < 2 < 3` is `1 < 2 and 2 < 3`. */
  #comparison(left: Expression, sign: string, precedence: number): Expression {
    const right = this.#operations(precedence + 1)
    const compared = operation(sign, left, right)
    const { text } = this.#token
    if (!COMPARISONS.has(text)) return compared
    this.#at++
    return operation('and', compared, this.#comparison(right, text, precedence))
  }

  #operand(): Expression {
    const { kind, text } = this.#token
    const precedence = kind === 'sign' || kind === 'word' ? PREFIXES.get(text) : undefined
    if (precedence !== undefined) {
      this.#at++
      return this.#postfixed(prefixed(text, this.#operations(precedence)))
    }
    return this.#postfixed(this.#primary())
  }

  #primary(): Expression {
    const { kind, text } = this.#token
    if (this.#takes('(')) {
      const expression = this.#whole()
      this.#expect(')')
      return expression
    }
    if (this.#takes('[')) return this.#list()
    if (text === '#' && this.#element !== undefined) {
      this.#at++
      return { type: this.#element, evaluate: ({ element }) => element }
    }
    if (kind === 'word') return this.#name(this.#word())
    if (kind !== 'number' && kind !== 'text' && kind !== 'raw') throw this.#unexpected()
    this.#at++
    if (kind === 'number') return constant('int', readNumber(/^0\d/.test(text) ? text.replace(/^0+(?=\d)/, '') : text))
    return constant('string', kind === 'text' ? unquote(text) : text.slice(1, -1).replaceAll('``', '`'))
  }

  #name(name: string): Expression {
    if (name === 'true' || name === 'false') return constant('bool', name === 'true')
    if (this.#token.text === '(') return this.#call(name)
    const type = this.#known.variables.get(name)
    if (type === undefined) throw new EvaluationError(`unknown name ${name}`)
    return { type, evaluate: ({ data }) => data.variables.get(name) }
  }

  #list(): Expression {
    const items = this.#arguments(']')
    const [first] = items
    if (!first) throw new EvaluationError('an empty list has no type')
    const other = items.find(({ type }) => type !== first.type)
    if (other) throw new EvaluationError(`a list is of one type, not of ${first.type} and ${other.type}`)
    return { type: `${first.type}[]`, evaluate: scope => items.map(item => item.evaluate(scope)) }
  }

  /** @param piped the first argument, where that stands before a `|` */
  #call(name: string, piped?: Expression): Expression {
    this.#expect('(')
    if (isPredicate(name)) return this.#predicate(name, piped)
    const args = [...(piped ? [piped] : []), ...this.#arguments(')')]
    const types = args.map(({ type }) => type)
    const [first] = args
    if (name === 'len' && first && args.length === 1 && (first.type === 'string' || elementOf(first.type) !== undefined))
      return { type: 'int', evaluate: scope => lengthOf(first.evaluate(scope) as string | readonly Value[]) }
    const signatures = this.#known.functions.get(name)
    if (!signatures && name !== 'len') throw new EvaluationError(`unknown name ${name}`)
    const fitting = signatures?.find(({ parameters }) => parameters.join() === types.join())
    if (!fitting) throw new EvaluationError(`${name} takes other arguments than (${types.join(', ')})`)
    return {
      type: fitting.result,
      evaluate: scope =>
        fitting.call(
          args.map(arg => arg.evaluate(scope)),
          scope,
        ),
    }
  }

  #predicate(name: string, piped: Expression | undefined): Expression {
    const list = piped ?? this.#whole()
    const element = elementOf(list.type)
    if (element === undefined) throw new EvaluationError(`${name} takes a list, not ${list.type}`)
    if (!piped) this.#expect(',')
    const around = this.#element
    this.#element = element
    const isBraced = this.#takes('{')
    const each = this.#whole()
    if (isBraced) this.#expect('}')
    this.#element = around
    this.#takes(',')
    this.#expect(')')
    const found = predicate(name, list, each)
    if (!found) throw new EvaluationError(`a predicate of ${name} must be a bool, not ${each.type}`)
    return found
  }

  /** All that stands before `closing`; a comma may stand behind the last. */
  #arguments(closing: string): Expression[] {
    const found: Expression[] = []
    while (!this.#takes(closing)) {
      if (found.length > 0) {
        this.#expect(',')
        if (this.#takes(closing)) break
      }
      found.push(this.#whole())
    }
    return found
  }

  /** [INDEX], [FROM:TO] */
  #postfixed(expression: Expression): Expression {
    let left = expression
    while (this.#takes('[')) {
      const from = this.#token.text === ':' ? undefined : this.#whole()
      if (this.#takes(':')) {
        const to = this.#token.text === ']' ? undefined : this.#whole()
        left = slice(left, from, to)
      } else left = entry(left, from!)
      this.#expect(']')
    }
    return left
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? END
  }

  #word(): string {
    const { kind, text } = this.#token
    if (kind !== 'word') throw this.#unexpected()
    this.#at++
    return text
  }

  /** Takes the next token where it is this one. */
  #takes(text: string): boolean {
    const isIt = this.#token.text === text && (this.#token.kind === 'sign' || this.#token.kind === 'word')
    if (isIt) this.#at++
    return isIt
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw this.#unexpected()
  }

  #unexpected(): EvaluationError {
    return new EvaluationError(`unexpected ${this.#token.kind === 'end' ? this.#token.text : `'${this.#token.text}'`}`)
  }
}

const constant = (type: Type, value: Value): Expression => ({ type, constant: value, evaluate: () => value })
