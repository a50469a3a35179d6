import type { Pace } from '../../backoff.ts'

/**
 * Milliseconds; where nothing else is said, what the clients of Kubernetes in Go do (client-go, tools/cache). They wait for up to 30 s, also when
 * every failure but the last was mended at once, as long as two minutes did not go by without one. Answers would be old for that time.
 */
export interface Timing extends Pace {
  /** Until a server that says nothing is given up. */
  readonly silence: number
  /** The bounds of how long one watch lasts, which is random, so that servers do not ask again in step. */
  readonly lifetime: readonly [least: number, most: number]
  /** Until a kind that the server does not know is asked for again. */
  readonly relook: number
}

export const TIMING: Timing = {
  silence: 45_000,
  lifetime: [300_000, 600_000],
  backoff: [800, 10_000],
  healthy: 10_000,
  relook: 60_000,
}
