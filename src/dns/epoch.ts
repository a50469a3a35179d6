/** Whole seconds since 1970, by the clock: what serials of zones and times of signatures count (RFC 4034 §3.1.5, RFC 8945 §4.2). */
export const epochSeconds = (): number => Math.floor(Date.now() / 1000)

/**
 * Seconds since something that another machine gave the time of, in milliseconds since the epoch. 0 where its clock is ahead: negative
 * ones would let the sum of a histogram fall, which Prometheus takes for a restart.
 */
export const secondsSince = (time: number): number => Math.max(0, Date.now() - time) / 1000
