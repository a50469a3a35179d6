import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Waits until it is so. That it ends lets a test that fails come to its clean-up; what stayed open would keep its file from ever ending.
 * @param change what may make it so; five milliseconds by default
 * @param timeout in milliseconds
 * @throws when it is not so in time
 */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  change?: () => PromiseLike<unknown>,
  timeout = 30_000,
): Promise<void> {
  const late = AbortSignal.timeout(timeout)
  const over = new Promise(resolve => (late.onabort = resolve))
  for (;;) {
    // Begun before it is looked at, so that no change is missed.
    const changed = change?.()
    if (await isSo()) return
    if (late.aborted) throw new Error(`not so within ${timeout} ms: ${isSo}`)
    await (changed ? Promise.race([changed, over]) : sleep(5))
  }
}

/**
 * Checks again and again until nothing is wrong.
 * @param timeout in milliseconds; a check that has begun by then counts
 * @throws what was wrong last
 */
export async function untilRight(check: () => Promise<void>, timeout = 30_000): Promise<void> {
  for (const end = performance.now() + timeout; ; await sleep(50)) {
    const isLast = performance.now() >= end
    try {
      return await check()
    } catch (error) {
      if (isLast) throw error
    }
  }
}

/**
 * The shortest of up to five times, in a state of its own each: a busy machine makes some of them long, a wait of the server all.
 * @param limit what is below it is short enough
 */
export async function shortest(limit: number, measure: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 5 && least >= limit; i++) least = Math.min(least, await measure())
  return least
}
