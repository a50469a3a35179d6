/** Whole seconds since 1970, by the clock: what serials of zones and times of signatures count (RFC 4034 §3.1.5, RFC 8945 §4.2). */
export const epochSeconds = (): number => Math.floor(Date.now() / 1000)
