import { extendedErrorName, rcodeName, typeName } from '#src/dns/codes.ts'
import { type Handler, type Query, Reply } from '#src/plugin.ts'

/** What one plugin did with one question. */
interface Step {
  readonly plugin: string
  /** What it knew before, in sentences. */
  readonly knowledge: readonly string[]
  readonly query: Query
  /** The plugin that it asked last. */
  below: Step | undefined
  /** Undefined until there is one. */
  outcome: Outcome | undefined
}

/** What a reply said at one place of the chain; wrappers above may change it. */
type Outcome = Pick<Reply, 'rcode' | 'flags' | 'sections' | 'ttl' | 'silent' | 'extendedError' | 'cause' | 'upstream'>

/** One question on its way through a chain. */
interface Way {
  readonly query: Query
  readonly steps: Step[]
}

/** The way of a query, and of those that the server asked itself for it. */
export class Explanation {
  readonly #ways: Way[] = []
  readonly #wayOf = new WeakMap<Query, Way>()

  /** Whether the query has reached a chain. */
  get hasBegun(): boolean {
    return this.#ways.length > 0
  }

  /** Lets `handler` answer, and notes what it did. @param isFirst whether the plugin is the first of its chain */
  follow(
    query: Query,
    plugin: string,
    isFirst: boolean,
    knowledge: readonly string[],
    handler: Handler,
  ): Reply | PromiseLike<Reply> {
    const way = this.#wayTo(query, isFirst)
    const step: Step = { plugin, knowledge, query, below: undefined, outcome: undefined }
    const above = way.steps.findLast(({ outcome }) => outcome === undefined)
    if (above) above.below = step
    way.steps.push(step)
    const end = (reply: Reply): Reply => {
      step.outcome = { ...reply }
      return reply
    }
    const reply = handler(query)
    return reply instanceof Reply ? end(reply) : reply.then(end)
  }

  /** A query that is not known, in the middle of a chain, is what a plugin above made of the last one. */
  #wayTo(query: Query, isFirst: boolean): Way {
    const known = this.#wayOf.get(query) ?? (isFirst ? undefined : this.#ways.findLast(way => way.query.depth === query.depth))
    const way = known ?? { query, steps: [] }
    if (!known) this.#ways.push(way)
    this.#wayOf.set(query, way)
    return way
  }

  /** Lines for people. */
  *lines(): Iterable<string> {
    const width = Math.max(...this.#ways.flatMap(({ steps }) => steps.map(({ plugin }) => plugin.length)))
    for (const { query, steps } of this.#ways) {
      const behind = query.depth === 0 ? '' : ', which the server asked itself'
      yield `${questionOf(query)} in the server block of ${query.zone}${behind}`
      for (const step of steps) {
        yield `  ${step.plugin.padEnd(width)}  ${deed(step)}`
        for (const sentence of step.knowledge) yield `  ${' '.repeat(width)}  - ${sentence}`
      }
      yield ''
    }
  }
}

export const questionOf = ({ name, type }: Query): string => `${name} ${typeName(type)}`

function deed({ below, outcome, query }: Step): string {
  const asked = below && (questionOf(below.query) === questionOf(query) ? 'passed on' : `asked ${questionOf(below.query)}`)
  if (!outcome) return asked ?? 'has not answered'
  if (!asked) return `answered: ${sayOutcome(outcome)}`
  return below.outcome && isSame(outcome, below.outcome) ? asked : `${asked}, then answered: ${sayOutcome(outcome)}`
}

const isSame = (one: Outcome, other: Outcome): boolean =>
  sayOutcome(one) === sayOutcome(other) &&
  one.flags === other.flags &&
  Buffer.compare(one.sections.bytes, other.sections.bytes) === 0

/** `NXDOMAIN`, `NOERROR, 2 answers`, `SERVFAIL (Not Ready): …`. */
export function sayOutcome({ rcode, sections, silent, extendedError, cause, upstream }: Outcome): string {
  if (silent) return 'nothing, the client gets no reply'
  const { answers } = sections
  const count = answers === 0 ? (rcode === 0 ? ', no answer of this type' : '') : `, ${answers} answer${answers === 1 ? '' : 's'}`
  const from = upstream === undefined ? '' : `, from ${upstream}`
  const error = extendedError && ` (${extendedErrorName(extendedError.code)})`
  const reason = cause instanceof Error ? cause.message : String(cause ?? extendedError?.text ?? '')
  // What an upstream wrote may be shown by a terminal.
  return `${rcodeName(rcode)}${error ?? ''}${count}${from}${reason && `: ${reason.replace(/\p{Cc}/gu, ' ')}`}`
}
