import { LONGEST_TIMER } from '#src/clock.ts'
import type { Directive, Line } from '#src/plugin.ts'

/** The bounds of one half of the cache. */
export interface Bounds {
  /** The most entries that are held. */
  capacity: number
  /** The longest and the shortest time that an entry is fresh, in seconds; where they cross, the longest holds. */
  maximum: number
  minimum: number
  /** Zones whose replies are not stored, as text. */
  except: readonly string[]
}

interface Prefetch {
  /** How many hits make an entry worth fetching again before it expires. */
  amount: number
  /** The gap between two hits after which counting starts again, in milliseconds. */
  gap: number
  /** Fetched again when no more than this part of its time is left, from 0.1 to 0.9. */
  share: number
}

/** RFC 8767. Times in milliseconds. */
interface Stale {
  /** How long after its end an entry may still be served; 0 for not at all. */
  duration: number
  /** Whether the upstream is asked before a stale entry is served, rather than after. */
  verify: boolean
  /** How long `verify` waits for the upstream; 0 for as long as the upstream takes. */
  timeout: number
  /** The TTL of stale answers, in seconds. */
  ttl: number
  /** How long the upstream is left alone after it failed. */
  recheck: number
  /** An answer that may still be served is preferred to whatever else was heard since. */
  preferPositive: boolean
}

export interface Options {
  zones: readonly string[]
  success: Bounds
  denial: Bounds
  /** How long SERVFAIL and NOTIMP are fresh, in milliseconds. */
  servfail: number
  prefetch: Prefetch | undefined
  stale: Stale | undefined
  keepTtl: boolean
}

const MAX_TTL = 0x7fffffff
/** Below it, CoreDNS raises a capacity. */
const MIN_CAPACITY = 1024
/** The store takes some 24 octets for each entry that it may hold, from the start. */
const MAX_CAPACITY = 10_000_000

export function parse(directive: Directive): Options {
  const line = directive.once()
  const ttl = /^[+-]?\d+$/.test(line.peek() ?? '') ? line.integer('TTL', 1, MAX_TTL) : undefined
  const options: Options = {
    zones: line.zones(directive.zones),
    success: { capacity: 9984, maximum: ttl ?? 3600, minimum: 5, except: [] },
    denial: { capacity: 9984, maximum: ttl ?? 1800, minimum: 5, except: [] },
    servfail: 5000,
    prefetch: undefined,
    stale: undefined,
    keepTtl: false,
  }
  let policy: Line | undefined
  line.options({
    success: option => readBounds(option, options.success),
    denial: option => readBounds(option, options.denial),
    prefetch: option => {
      options.prefetch = readPrefetch(option)
    },
    serve_stale: option => {
      options.stale = readStale(option)
    },
    serve_stale_policy: option => {
      if (policy) throw option.problem('serve_stale_policy can only be specified once')
      option.oneOf('serve_stale_policy', ['prefer_positive'], { anyCase: true })
      policy = option
    },
    servfail: option => {
      // RFC 2308 §7.1 and RFC 9520 §3.2: five minutes at most.
      options.servfail = option.duration('DURATION', { max: 300_000 })
    },
    disable: option => {
      const half = option.oneOf('the half to disable', ['success', 'denial'])
      options[half].except = option.zones(['.'])
    },
    keepttl: () => {
      options.keepTtl = true
    },
  })
  line.end()
  if (policy) {
    if (!options.stale) throw policy.problem('serve_stale_policy requires serve_stale')
    options.stale.preferPositive = true
  }
  return options
}

function readBounds(option: Line, bounds: Bounds): void {
  bounds.capacity = Math.max(MIN_CAPACITY, option.integer('CAPACITY', 0, MAX_CAPACITY))
  if (option.left > 0) bounds.maximum = option.integer('TTL', 1, MAX_TTL)
  if (option.left > 0) bounds.minimum = option.integer('MINTTL', 0, MAX_TTL)
}

function readPrefetch(option: Line): Prefetch | undefined {
  const amount = option.integer('AMOUNT', 0)
  const gap = option.left > 0 ? option.duration('DURATION') : 60_000
  let percentage = 10
  if (option.left > 0) {
    const text = option.text('PERCENTAGE')
    percentage = /^\d+%$/.test(text) ? Number.parseInt(text, 10) : Number.NaN
    if (!(percentage >= 10 && percentage <= 90)) throw option.problem(`PERCENTAGE must be between 10% and 90%: '${text}'`)
  }
  return amount === 0 ? undefined : { amount, gap, share: percentage / 100 }
}

function readStale(option: Line): Stale {
  const duration = option.left > 0 ? option.duration('DURATION') : 3_600_000
  const verify = option.left > 0 && option.oneOf('REFRESH_MODE', ['immediate', 'verify'], { anyCase: true }) === 'verify'
  // RFC 8767 §5 advises 1.8 seconds, before the client itself gives up.
  const timeout = verify && option.left > 0 ? option.duration('VERIFY_TIMEOUT', { max: LONGEST_TIMER }) : 1800
  let ttl = 30
  if (option.left > 0) {
    ttl = option.duration('RESPONSE_TTL', { max: MAX_TTL * 1000 }) / 1000
    if (!Number.isInteger(ttl)) throw option.problem('RESPONSE_TTL must be a whole number of seconds')
  }
  const recheck = option.left > 0 ? option.duration('FAILURE_RECHECK', { max: 300_000 }) : 5000
  return { duration, verify, timeout, ttl, recheck, preferPositive: false }
}
