import { ZoneSet } from '#src/dns/zone-map.ts'
import type { Directive, Line } from '#src/plugin.ts'

const SECOND = 1000

/** Kinds of responses. */
export const KINDS = ['responses', 'nodata', 'nxdomains', 'referrals', 'errors'] as const
export type Kind = (typeof KINDS)[number]

export interface Options {
  readonly zones: ZoneSet
  /** How far an account may be overdrawn, in milliseconds. */
  window: number
  /** Lengths of the prefixes of clients, by family. */
  readonly bits: { 4: number; 6: number }
  /** Milliseconds in which one is earned; 0 for no limit, undefined for the same as `responses`. */
  readonly intervals: Partial<Record<Kind | 'requests', number>>
  /** Of this many responses beyond the limit, one is sent truncated; 0 for none. */
  slipRatio: number
  reportOnly: boolean
  /** The most accounts that are kept. */
  tableSize: number
}

export function parse(directive: Directive): Options {
  const line = directive.once()
  const options: Options = {
    zones: new ZoneSet(line.zones(directive.zones)),
    window: 15 * SECOND,
    bits: { 4: 24, 6: 56 },
    intervals: {},
    slipRatio: 0,
    reportOnly: false,
    tableSize: 100_000,
  }
  const allowance = (kind: Kind | 'requests') => (option: Line) => {
    const perSecond = readNumber(option, 'ALLOWANCE')
    if (perSecond < 0) throw option.problem(`${option.word} cannot be negative`)
    options.intervals[kind] = perSecond === 0 ? 0 : SECOND / perSecond
  }
  line.options({
    window: option => {
      options.window = readNumber(option, 'SECONDS') * SECOND
      if (options.window <= 0) throw option.problem('window must be greater than zero')
    },
    'ipv4-prefix-length': option => {
      options.bits[4] = option.integer('LENGTH', 1, 32)
    },
    'ipv6-prefix-length': option => {
      options.bits[6] = option.integer('LENGTH', 1, 128)
    },
    'requests-per-second': allowance('requests'),
    ...Object.fromEntries(KINDS.map(kind => [`${kind}-per-second`, allowance(kind)])),
    'slip-ratio': option => {
      options.slipRatio = option.integer('N', 0, 10)
    },
    'report-only': () => {
      options.reportOnly = true
    },
    'max-table-size': option => {
      options.tableSize = option.integer('SIZE', 0, 10_000_000)
    },
  })
  line.end()
  return options
}

/** With a fraction or without. */
function readNumber(option: Line, what: string): number {
  const text = option.text(what)
  const value = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) throw option.problem(`${what} must be a number: '${text}'`)
  return value
}
