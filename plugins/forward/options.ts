import { isIP } from 'node:net'
import { LONGEST_TIMER } from '#src/clock.ts'
import { RCODE } from '#src/dns/codes.ts'
import { ROOT } from '#src/dns/name.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import { readExcept, readFrom } from '#src/forwarding/words.ts'
import type { Line } from '#src/plugin.ts'
import type { ForwarderSettings } from './forwarder.ts'
import type { Target } from './target.ts'
import type { UpstreamSettings } from './upstream.ts'
import { readHealthCheck, readRcodes, readResolvers, readTargets } from './words.ts'

/** One `forward` line as read. */
export interface ForwardOptions {
  readonly forwarder: ForwarderSettings
  readonly upstream: Omit<UpstreamSettings, keyof Target | 'address'>
  readonly targets: readonly Target[]
  /** Servers to ask for the addresses of targets that are hosts. */
  readonly resolver: readonly string[]
  /** Files of `tls`. */
  readonly tlsFiles: readonly string[]
  /** TLS name of all upstreams that have none of their own. */
  readonly tlsServerName: string
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** @throws {Problem} */
export function readLine(line: Line): ForwardOptions {
  const from = readFrom(line)
  const targets = readTargets(line)
  const forwarder: Mutable<ForwarderSettings> = {
    from,
    except: new ZoneSet([]),
    policy: 'random',
    forceTcp: false,
    preferUdp: false,
    failover: new Set(),
    failfast: false,
    maxConcurrent: 0,
    maxConnectAttempts: undefined,
    readTimeout: 2000,
    next: new Set(),
    nextOnNodata: false,
  }
  const upstream: Mutable<ForwardOptions['upstream']> = {
    source: undefined,
    expire: 10_000,
    maxAge: 0,
    readTimeout: 2000,
    maxIdle: 0,
    maxFails: 2,
    health: { interval: 500, recursionDesired: true, domain: ROOT },
    forceTcp: false,
    dohMethod: 'POST',
  }
  const tls: { files: string[]; serverName: string } = { files: [], serverName: '' }
  const except: string[] = []
  const resolver: string[] = []
  line.options({
    except: option => {
      except.push(...readExcept(option))
    },
    force_tcp: () => {
      forwarder.forceTcp = upstream.forceTcp = true
    },
    prefer_udp: () => {
      forwarder.preferUdp = true
    },
    expire: option => {
      upstream.expire = option.duration('DURATION')
    },
    max_age: option => {
      upstream.maxAge = option.duration('DURATION')
    },
    max_idle_conns: option => {
      upstream.maxIdle = option.integer('INTEGER', 0)
    },
    read_timeout: option => {
      forwarder.readTimeout = upstream.readTimeout = option.duration('DURATION', { min: Number.MIN_VALUE, max: LONGEST_TIMER })
    },
    doh_method: option => {
      upstream.dohMethod = option.oneOf('doh_method', ['POST', 'GET'])
    },
    max_fails: option => {
      upstream.maxFails = option.integer('INTEGER', 0)
    },
    max_connect_attempts: option => {
      forwarder.maxConnectAttempts = option.integer('INTEGER', 0)
    },
    tls: option => {
      tls.files = option.rest()
      if (tls.files.length > 3) throw option.problem('tls takes at most CERT KEY CA')
    },
    tls_servername: option => {
      tls.serverName = option.text('NAME')
    },
    policy: option => {
      forwarder.policy = option.oneOf('policy', ['random', 'round_robin', 'sequential'])
    },
    health_check: option => {
      upstream.health = readHealthCheck(option)
    },
    max_concurrent: option => {
      forwarder.maxConcurrent = option.integer('MAX', 0)
    },
    next: option => {
      forwarder.next = readRcodes(option, forwarder.next)
    },
    next_on_nodata: () => {
      forwarder.nextOnNodata = true
    },
    failover: option => {
      forwarder.failover = readRcodes(option, forwarder.failover)
      if (forwarder.failover.has(RCODE.NOERROR)) throw option.problem('NoError cannot be used in failover')
    },
    failfast_all_unhealthy_upstreams: () => {
      forwarder.failfast = true
    },
    source_address: option => {
      upstream.source = option.text('IP')
      if (isIP(upstream.source) === 0) throw option.problem(`invalid IP address: ${upstream.source}`)
    },
    resolver: option => {
      resolver.push(...readResolvers(option))
    },
  })
  line.end()
  forwarder.except = new ZoneSet(except)
  if (upstream.maxAge > 0 && upstream.maxAge < upstream.expire) throw line.problem('max_age must not be less than expire')
  const named = targets.find(target => target.serverName !== '')
  if (named && tls.serverName !== '')
    throw line.problem(
      `both forward ('${tls.serverName}') and proxy level ('${named.serverName}') TLS servernames are set for upstream proxy '${named.host}'`,
    )
  return { forwarder, upstream, targets, resolver, tlsFiles: tls.files, tlsServerName: tls.serverName }
}
