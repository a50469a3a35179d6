/** *log* prints a line for each query. */
import { performance } from 'node:perf_hooks'
import { isUnder, ROOT } from '#src/dns/name.ts'
import { infoPrinter } from '#src/log.ts'
import type { Placeholders } from '#src/placeholders.ts'
import {
  type Handler,
  type Instance,
  type Line,
  onReply,
  type Plugin,
  type Query,
  type Reply,
  type ServerBlock,
} from '#src/plugin.ts'
import { CLASSES, classOf } from './class.ts'
import { formatOf } from './format.ts'
import { record } from './record.ts'

/** Which queries are printed, and how. */
interface Rule {
  /** Key of a name: it and all below it are meant. */
  readonly scope: string
  readonly format: string
  /** Undefined for all. */
  readonly classes: ReadonlySet<string> | undefined
}

export const log: Plugin<readonly Rule[]> = {
  name: 'log',
  parse: directive => directive.uses().flatMap(readRules),
  create: (rules, block) => new QueryLog(rules, block),
}

function readRules(line: Line): Rule[] {
  const scopes: string[] = []
  // The only argument is a name, whatever it looks like.
  const atFormat = () => line.left === 1 && line.peek()!.includes('{')
  do scopes.push(...readScope(line))
  while (line.left > 0 && !atFormat())
  const format = line.left > 0 ? line.text('FORMAT') : '{common}'
  const classes = new Set<string>()
  line.options({
    class: option => {
      do classes.add(option.oneOf('class', ['all', ...CLASSES]))
      while (option.left > 0)
    },
  })
  line.end()
  const all = classes.size === 0 || classes.has('all')
  return scopes.map(scope => ({ scope, format, classes: all ? undefined : classes }))
}

/** A format in the place of a name is one that no query has. */
function readScope(line: Line): string[] {
  if (line.left === 0) return [ROOT]
  if (!line.peek()!.includes('{')) return [line.name('NAME')]
  line.warn(`"${line.text('NAME')}" is taken for a name: a format needs a name before it, such as "log . FORMAT"`)
  return []
}

/** A rule at work. */
interface Printing extends Pick<Rule, 'scope'> {
  see(reply: Reply, query: Query): Reply
}

class QueryLog implements Instance {
  readonly #rules: readonly Rule[]
  readonly #block: ServerBlock
  /** Prints what the format says of a query. */
  readonly #print: (format: Placeholders, query: Query, reply: Reply, seconds: number) => void

  constructor(rules: readonly Rule[], block: ServerBlock) {
    this.#rules = rules
    this.#block = block
    const named = block.log('log')
    const print = infoPrinter(block.log())
    this.#print =
      block.server.logFormat === 'json'
        ? (format, query, reply, seconds) => named.info(record(query, reply, seconds), format.fill(query, reply, seconds))
        : (format, query, reply, seconds) => print(format.fill(query, reply, seconds))
  }

  wrap(next: Handler): Handler {
    const rules = this.#rules.map(rule => this.#printing(rule))
    return query => {
      const rule = ruleFor(query.key, rules)
      return rule ? onReply(query, next(query), rule.see) : next(query)
    }
  }

  #printing({ scope, classes, format: text }: Rule): Printing {
    const format = formatOf(text, label => this.#block.metadata(label))
    return {
      scope,
      see: (reply, query) => {
        if (!classes || classes.has(classOf(query, reply)))
          this.#print(format, query, reply, (performance.now() - query.received) / 1000)
        return reply
      },
    }
  }
}

function ruleFor(key: string, rules: readonly Printing[]): Printing | undefined {
  for (const rule of rules) if (isUnder(key, rule.scope)) return rule
  return undefined
}
