/** Zones whose primaries are asked at a time: with a catalog, there may be thousands. */
const MOST = 20

let free = MOST
const waiting: (() => void)[] = []

/** Does something when it is its turn. */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free--
  else await new Promise<void>(resolve => waiting.push(resolve))
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
}
