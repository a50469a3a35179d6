import { LONGEST_TIMER } from '#src/clock.ts'
import { failure, type Line, type Plugin, Reply } from '#src/plugin.ts'

/** Just longer than the five seconds after which most clients give up, in milliseconds. */
const DEFAULT_TIMEOUT = 5001

export const cancel: Plugin<number> = {
  name: 'cancel',
  parse: directive => directive.uses().map(parseUse).at(-1)!,
  create: timeout => ({
    wrap: next => query => {
      const reply = next(query)
      return reply instanceof Reply ? reply : inTime(reply, timeout)
    },
  }),
}

function parseUse(line: Line): number {
  const timeout = line.left > 0 ? line.duration('TIMEOUT', { min: 1, max: LONGEST_TIMER }) : DEFAULT_TIMEOUT
  line.end()
  return timeout
}

/** The reply, or SERVFAIL after `timeout` milliseconds. Timers of one length share a list inside Node: each costs next to nothing. */
function inTime(reply: PromiseLike<Reply>, timeout: number): Promise<Reply> {
  const late = Promise.withResolvers<Reply>()
  const timer = setTimeout(() => late.resolve(failure(new Error('context deadline exceeded'))), timeout)
  return Promise.race([reply, late.promise]).finally(() => clearTimeout(timer))
}
