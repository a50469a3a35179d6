import { isIP, isIPv6 } from 'node:net'
import { ZoneSet } from '#src/dns/zone-map.ts'
import type { Policy } from '#src/forwarding/policy.ts'
import { isFile, nameserversOf } from '#src/forwarding/resolv-conf.ts'
import { MOST_UPSTREAMS, readExcept, readFrom } from '#src/forwarding/words.ts'
import type { Directive, Line } from '#src/plugin.ts'

/** Where an upstream is: a port, or the path of a socket. */
export type Target = { readonly host: string; readonly port: number } | { readonly path: string }

export interface Options {
  /** Key of the zone whose queries are taken. */
  readonly from: string
  /** Zones below it whose queries are not. */
  readonly except: ZoneSet
  readonly targets: readonly Target[]
  readonly policy: Policy
  /** Files of `tls`; undefined for in the clear. */
  readonly tls: readonly string[] | undefined
  /** The name that certificates must have; empty for the address of each. */
  readonly serverName: string
  /** Whose queries go on where no upstream knows the name, or none answers. */
  readonly fallthrough: ZoneSet
}

/** As metrics and errors name it. */
export const nameOf = (target: Target): string =>
  'path' in target ? `unix://${target.path}` : `${isIPv6(target.host) ? `[${target.host}]` : target.host}:${target.port}`

/** @throws {Problem} */
export function readOptions(directive: Directive): Options {
  const line = directive.once()
  const from = readFrom(line)
  const targets = readTargets(line)
  const except: string[] = []
  let policy: Policy = 'random'
  let tls: string[] | undefined
  let serverName = ''
  let fallthrough: readonly string[] = []
  line.options({
    except: option => {
      except.push(...readExcept(option))
    },
    tls: option => {
      tls = option.rest()
      if (tls.length > 3) throw option.problem('tls takes at most CERT KEY CA')
    },
    tls_servername: option => {
      serverName = option.text('NAME')
    },
    policy: option => {
      policy = option.oneOf('policy', ['random', 'round_robin', 'sequential'])
    },
    fallthrough: option => {
      fallthrough = option.zones(['.'])
    },
  })
  line.end()
  if (serverName !== '') tls ??= []
  return { from, except: new ZoneSet(except), targets, policy, tls, serverName, fallthrough: new ZoneSet(fallthrough) }
}

/** All that is left of the line: one target or more. */
function readTargets(line: Line): Target[] {
  const targets: Target[] = []
  do {
    targets.push(...readTarget(line))
    if (targets.length > MOST_UPSTREAMS) throw line.problem(`more than ${MOST_UPSTREAMS} TOs configured: ${targets.length}`)
  } while (line.left > 0)
  if (targets.length === 0) line.warn('no upstream server is known: every query is answered SERVFAIL')
  return targets
}

/** `unix://PATH`, a file in the form of resolv.conf, or an address. */
function readTarget(line: Line): Target[] {
  const text = line.peek() ?? ''
  const [, path] = /^unix:\/\/(.+)$/.exec(text) ?? []
  const isOfFile = path === undefined && isIP(text) === 0 && (/^[./]/.test(text) || isFile(text))
  if (path === undefined && !isOfFile) {
    const { address: host, port } = line.server('TO')
    return [{ host, port }]
  }
  line.text('TO')
  if (path !== undefined) return [{ path }]
  try {
    return nameserversOf(text).map(host => ({ host, port: 53 }))
  } catch (error) {
    throw line.problem((error as Error).message)
  }
}
