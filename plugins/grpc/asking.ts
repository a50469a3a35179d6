import { Buffer } from 'node:buffer'
import { RCODE } from '#src/dns/codes.ts'
import { isUnder } from '#src/dns/name.ts'
import type { ZoneSet } from '#src/dns/zone-map.ts'
import { LONGEST_QUESTION, Question } from '#src/forwarding/question.ts'
import { inTurn } from '#src/grpc/in-turn.ts'
import { CallError, inGo, STATUS } from '#src/grpc/status.ts'
import { type Handler, type Query, Reply, unreachable } from '#src/plugin.ts'
import type { Upstream } from './upstream.ts'

/** How long a query may wait, in milliseconds. */
const DEADLINE = 5000

interface AskingSettings {
  /** Key of the zone whose queries are taken. */
  readonly from: string
  /** Zones below it whose queries are not. */
  readonly except: ZoneSet
  /** Whose queries go on where no upstream knows the name, or none answers; undefined where nothing is behind. */
  readonly fallthrough: ZoneSet | undefined
  /** The upstreams, for one query. */
  readonly order: () => readonly Upstream[]
}

/** A `grpc` line at work. */
export class Asking {
  readonly #settings: AskingSettings

  constructor(settings: AskingSettings) {
    this.#settings = settings
  }

  handler(next: Handler): Handler {
    const { from, except } = this.#settings
    return query => {
      const { key } = query
      if (!isUnder(key, from) || (key !== from && except.has(key))) return next(query)
      return this.#ask(query, next)
    }
  }

  async #ask(query: Query, next: Handler): Promise<Reply> {
    const question = new Question(query)
    const octets = Buffer.allocUnsafe(LONGEST_QUESTION)
    const message = octets.subarray(0, question.write(octets, 0, 0, true))
    const end = performance.now() + DEADLINE
    const goesOn = this.#settings.fallthrough?.has(query.key)
    try {
      const reply = await inTurn(this.#settings.order(), end, (upstream, milliseconds) =>
        upstream.ask(question, message, milliseconds).catch(unknownName),
      )
      return reply.rcode === RCODE.NXDOMAIN && goesOn ? next(query) : reply
    } catch (error) {
      if (goesOn) return next(query)
      return unreachable(error instanceof CallError ? new Error(inGo(error)) : error)
    }
  }
}

/** That is what the status NOT_FOUND says. */
function unknownName(error: unknown): Reply {
  if (error instanceof CallError && error.code === STATUS.NOT_FOUND) return new Reply(RCODE.NXDOMAIN)
  throw error
}
