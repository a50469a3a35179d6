const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** 2^63 ns, what a Go duration holds. */
const LONGEST = 2 ** 63 / 1e6

/** Milliseconds of a Go duration such as `1h30m`, `250ms`, `-1.5s`, `0`; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.exec(text)
  if (!match) return undefined
  let total = 0
  for (const [, amount, unit] of match[2]!.matchAll(/([\d.]+)([a-zµμ]+)/g)) total += Number(amount) * UNITS[unit!]!
  if (total > LONGEST) return undefined
  const milliseconds = Math.round(total * 1e6) / 1e6
  return match[1] === '-' ? -milliseconds : milliseconds
}

/** Milliseconds as Go prints a duration: `5s`, `1m30s`, `250ms`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s'
  if (milliseconds < 0) return `-${formatDuration(-milliseconds)}`
  if (milliseconds < 1) return milliseconds < 0.001 ? `${milliseconds * 1e6}ns` : `${milliseconds * 1e3}µs`
  if (milliseconds < 1000) return `${milliseconds}ms`
  const hours = Math.floor(milliseconds / 3_600_000)
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000)
  const seconds = Math.round((milliseconds % 60_000) * 1e6) / 1e9
  return `${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds}s`
}
