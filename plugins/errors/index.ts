/** *errors* prints what went wrong with queries. */
import { LONGEST_TIMER } from '#src/clock.ts'
import { typeName } from '#src/dns/codes.ts'
import { type Handler, type Instance, type Line, type Logger, onReply, type Plugin, type Query, type Reply } from '#src/plugin.ts'
import { Consolidation, LEVELS, type Rule } from './consolidation.ts'

interface Options {
  readonly stacktrace: boolean
  /** The first whose pattern matches takes the error. */
  readonly rules: readonly Rule[]
}

export const errors: Plugin<Options> = {
  name: 'errors',

  parse(directive) {
    const line = directive.once()
    if (line.left > 0) line.oneOf('log file', ['stdout'])
    const rules: Rule[] = []
    let stacktrace = false
    line.options({
      stacktrace: () => {
        stacktrace = true
      },
      consolidate: option => {
        rules.push(readRule(option))
      },
    })
    line.end()
    return { stacktrace, rules }
  },

  create({ stacktrace, rules }, block) {
    if (stacktrace) block.stacktrace = true
    return new Errors(rules, block.log('errors'))
  },
}

function readRule(line: Line): Rule {
  const period = line.duration('DURATION', { min: 1, max: LONGEST_TIMER })
  const pattern = line.pattern('REGEXP')
  const level = LEVELS.get(line.peek() ?? '')
  if (level) line.text('LEVEL')
  const showFirst = line.left > 0
  if (showFirst) line.oneOf('option', level ? ['show_first'] : [...LEVELS.keys(), 'show_first'])
  if (LEVELS.has(line.peek() ?? '')) throw line.problem('log level must come before show_first in consolidate')
  return { period, pattern, level: level ?? 'error', showFirst }
}

class Errors implements Instance {
  readonly #consolidations: readonly Consolidation[]
  readonly #log: Logger

  constructor(rules: readonly Rule[], log: Logger) {
    this.#log = log
    this.#consolidations = rules.map(rule => new Consolidation(rule, log))
  }

  wrap(next: Handler): Handler {
    return query => onReply(query, next(query), this.#see)
  }

  async stop(): Promise<void> {
    for (const consolidation of this.#consolidations) consolidation.stop()
  }

  readonly #see = (reply: Reply, query: Query): Reply => {
    if (reply.cause !== undefined) this.#report(query, reply.rcode, describe(reply.cause))
    return reply
  }

  #report(query: Query, rcode: number, reason: string): void {
    const line = `${rcode} ${query.name} ${typeName(query.type)}: ${reason}`
    const consolidation = this.#consolidations.find(candidate => candidate.matches(reason))
    if (consolidation) consolidation.count(line)
    else this.#log.error(line)
  }
}

const describe = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
