/** Zones that one primary is asked for at a time: with a catalog, there may be thousands. */
const MOST = 20

/** How many are under way, and who waits, by primary: one that does not answer holds up nobody but its own. */
const primaries = new Map<string, { count: number; readonly waiting: (() => void)[] }>()

/** Asks a primary when it is one's turn. */
export async function inTurn<T>(primary: string, ask: () => Promise<T>): Promise<T> {
  const turns = primaries.get(primary) ?? { count: 0, waiting: [] }
  primaries.set(primary, turns)
  if (turns.count < MOST) turns.count++
  else await new Promise<void>(resolve => turns.waiting.push(resolve))
  try {
    return await ask()
  } finally {
    const next = turns.waiting.shift()
    if (next) next()
    else if (--turns.count === 0) primaries.delete(primary)
  }
}
