/** The longest that a timer of Node runs, in milliseconds. With a longer time it would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1

/** Milliseconds after which it is looked whether the clock was set. */
const PERIOD = 1000
/** Milliseconds by which it must have been: `Date.now()` knows no fractions. */
export const SET = 2

let origin = performance.timeOrigin
let checked = Number.NEGATIVE_INFINITY

/** Milliseconds since the epoch, of a time by `performance.now()` that was just now; with fractions, which `Date.now()` does not have. */
export function sinceEpoch(time: number): number {
  if (time - checked > PERIOD) {
    checked = time
    const off = Date.now() - (origin + performance.now())
    if (Math.abs(off) > SET) origin += off
  }
  return origin + time
}
