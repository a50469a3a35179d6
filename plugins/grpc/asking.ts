import { Buffer } from 'node:buffer'
import { RCODE } from '#src/dns/codes.ts'
import { isUnder } from '#src/dns/name.ts'
import type { ZoneSet } from '#src/dns/zone-map.ts'
import { LONGEST_QUESTION, Question } from '#src/forwarding/question.ts'
import { CallError, STATUS } from '#src/grpc/status.ts'
import { failure, type Handler, type Query, Reply } from '#src/plugin.ts'
import type { Upstream } from './upstream.ts'

/** How long a query may wait, in milliseconds. */
const DEADLINE = 5000
/** How long it waits for an upstream while another is left to be asked. */
const PATIENCE = 2000

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

  /** Each upstream that is up, once. */
  async #ask(query: Query, next: Handler): Promise<Reply> {
    const end = performance.now() + DEADLINE
    const question = new Question(query)
    const octets = Buffer.allocUnsafe(LONGEST_QUESTION)
    const message = octets.subarray(0, question.write(octets, 0, 0, true))
    const order = this.#settings.order()
    const up = order.filter(({ isDown }) => !isDown)
    // Of those that are down, each says at once why.
    const upstreams = up.length > 0 ? up : order
    const goesOn = this.#settings.fallthrough?.has(query.key)
    let cause: unknown
    for (const [i, upstream] of upstreams.entries()) {
      const left = end - performance.now()
      if (left <= 0) break
      try {
        const reply = await upstream.ask(question, message, i === upstreams.length - 1 ? left : Math.min(left, PATIENCE))
        return reply.rcode === RCODE.NXDOMAIN && goesOn ? next(query) : reply
      } catch (error) {
        if (error instanceof CallError && error.code === STATUS.NOT_FOUND) return goesOn ? next(query) : new Reply(RCODE.NXDOMAIN)
        cause = error instanceof CallError ? new Error(inGo(error)) : error
      }
    }
    return goesOn ? next(query) : failure(cause ?? new Error('no healthy gRPC proxies'))
  }
}

/** A status in the words of Go's library of gRPC: `rpc error: code = DeadlineExceeded desc = …`. */
function inGo({ code, message }: CallError): string {
  const [name] = Object.entries(STATUS).find(([, value]) => value === code) ?? []
  const words = name?.toLowerCase().replace(/(?:^|_)(.)/g, (_match, letter: string) => letter.toUpperCase())
  return `rpc error: code = ${words?.replace('Cancelled', 'Canceled') ?? `Code(${code})`} desc = ${message}`
}
