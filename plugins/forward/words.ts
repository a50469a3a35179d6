/** Readers of arguments that *forward* alone takes. Each throws a Problem at the word that is wrong. */
import { isIP } from 'node:net'
import { LONGEST_TIMER } from '#src/clock.ts'
import { RCODES } from '#src/dns/codes.ts'
import { ROOT, toKey } from '#src/dns/name.ts'
import { MOST_UPSTREAMS } from '#src/forwarding/words.ts'
import type { Line } from '#src/plugin.ts'
import type { HealthSettings } from './health.ts'
import { readTarget, type Target } from './target.ts'

/** All that is left of the line: one target or more. */
export function readTargets(line: Line): Target[] {
  const targets: Target[] = []
  do {
    const text = line.text('TO')
    try {
      const named = readTarget(text)
      if (named.length === 0) line.warn(`${text} names no server`)
      targets.push(...named)
    } catch (error) {
      throw line.problem((error as Error).message)
    }
    if (targets.length > MOST_UPSTREAMS) throw line.problem(`more than ${MOST_UPSTREAMS} TOs configured: ${targets.length}`)
  } while (line.left > 0)
  if (targets.length === 0) line.warn('no upstream server is known: every query is answered SERVFAIL')
  return targets
}

/** One name or more, in any case, added to `known`. */
export function readRcodes(line: Line, known: ReadonlySet<number>): Set<number> {
  const codes = new Set(known)
  do {
    const text = line.text('RCODE')
    const code = RCODES.get(text.toUpperCase())
    if (code === undefined) throw line.problem(`${text} is not a valid rcode`, RCODES.keys())
    codes.add(code)
  } while (line.left > 0)
  return codes
}

/** `DURATION [no_rec] [domain NAME]`. */
export function readHealthCheck(line: Line): HealthSettings {
  const interval = line.duration('DURATION', { max: LONGEST_TIMER })
  let recursionDesired = true
  let domain = ROOT
  while (line.left > 0) {
    const option = line.text('OPTION')
    if (option === 'no_rec') recursionDesired = false
    else if (option === 'domain') domain = readName(line)
    else throw line.problem(`health_check: unknown option ${option}`, ['no_rec', 'domain'])
  }
  return { interval, recursionDesired, domain }
}

function readName(line: Line): string {
  const text = line.text('FQDN')
  try {
    return toKey(text)
  } catch (error) {
    throw line.problem(`health_check: invalid domain name ${text}: ${(error as Error).message}`)
  }
}

/** `IP` or `IP:PORT`, one or more. */
export function readResolvers(line: Line): string[] {
  return line.some('IP[:PORT]').map(text => {
    const address = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? (isIP(text) ? text : text.replace(/:\d+$/, ''))
    if (isIP(address) === 0) throw line.problem(`resolver must be an IP address or IP:port: "${text}"`)
    return text
  })
}
