import type { Token } from '../corefile/problem.ts'
import { failure, Reply, refused } from '../dns/reply.ts'
import type { Handler, Instance } from '../plugin.ts'

/** One plugin of a chain. */
export interface Stage {
  readonly name: string
  /** The word of the Corefile that names it. */
  readonly word: Token
  readonly instance: Instance
  /** Whether it waits for others; see `Plugin.waits`. */
  readonly waits: boolean
  /** See `Plugin.authoritative`. */
  readonly authoritative: boolean
}

/** The queries that wait in one thread, and how many may. */
interface Waiting {
  count: number
  limit: number
}

/** Limits the queries that wait for other servers: beyond the limit, new ones get SERVFAIL. There is one object for each loaded Corefile, and one `total` for all. */
export class InFlight {
  /** Queries that wait in this Corefile's plugins. */
  count = 0
  readonly #total: Waiting
  readonly #onRefusal: () => void

  constructor(total: Waiting, onRefusal: () => void) {
    this.#total = total
    this.#onRefusal = onRefusal
  }

  /** Wraps `handler`, which is asked only while fewer queries wait than the limit. */
  bound(handler: Handler): Handler {
    const done = (reply: Reply) => {
      this.count--
      this.#total.count--
      return reply
    }
    const failed = (error: unknown) => {
      this.count--
      this.#total.count--
      throw error
    }
    return query => {
      if (this.#total.count >= this.#total.limit) {
        this.#onRefusal()
        return failure(`more than ${this.#total.limit} queries in flight`)
      }
      const reply = handler(query)
      if (reply instanceof Reply) return reply
      this.count++
      this.#total.count++
      return reply.then(done, failed)
    }
  }
}

/**
 * Folds plugins into one handler, once, at start. Each is guarded: what it throws arrives above as SERVFAIL with its cause, and every
 * reply has the name of the plugin that made it. A plugin with `around` stands before each plugin below it.
 * @returns undefined if no plugin handles queries: such a zone refuses
 */
export function fold(
  stages: readonly Stage[],
  inFlight: InFlight,
  onThrow: (plugin: string, error: unknown) => void,
): Handler | undefined {
  const handling = stages.filter(stage => stage.instance.wrap)
  const last = handling.at(-1)
  if (!last) return undefined
  const isAuthority = handling.some(stage => stage.authoritative) && !handling.some(stage => stage.waits)
  let next: Handler = isAuthority ? () => refused() : () => failure(`plugin/${last.name}: no next plugin found`)
  for (const stage of handling.toReversed()) {
    const { name, instance, waits } = stage
    const handler = instance.wrap!(next)
    next = guard(name, waits ? inFlight.bound(handler) : handler, onThrow)
    const above = stages.slice(0, stages.indexOf(stage)).reverse()
    for (const watcher of above) next = watcher.instance.around?.(name, next, instance) ?? next
  }
  return next
}

function guard(plugin: string, handler: Handler, onThrow: (plugin: string, error: unknown) => void): Handler {
  const sign = (reply: Reply): Reply => {
    reply.plugin ??= plugin
    return reply
  }
  const fail = (error: unknown): Reply => {
    onThrow(plugin, error)
    return sign(failure(error))
  }
  return query => {
    try {
      const reply = handler(query)
      return reply instanceof Reply ? sign(reply) : reply.then(sign, fail)
    } catch (error) {
      return fail(error)
    }
  }
}
