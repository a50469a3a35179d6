/** Changes, one after another, each until an answer tells it. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Watcher } from './watcher.ts'

/** An edit that is not seen after so many milliseconds is late; after three of them the rest is given up. */
const LATE = 5000
const MAX_LATE = 3

export interface Edits {
  /** Milliseconds of each. */
  readonly delays: readonly number[]
  readonly late: number
}

/**
 * @param numbers of the edits
 * @param outcomeOf what is answered after an edit
 * @param edit makes it; the next one comes when this has ended, too
 */
export async function edits(
  watcher: Watcher,
  numbers: Iterable<number>,
  outcomeOf: (number: number) => string,
  edit: (number: number) => unknown,
): Promise<Edits> {
  const delays: number[] = []
  let late = 0
  for (const number of numbers) {
    let made: unknown
    const delay = await watcher.expect(outcomeOf(number), LATE, () => {
      made = edit(number)
    })
    await made
    delays.push(delay ?? LATE)
    if (delay === undefined && ++late === MAX_LATE) break
    // In no step with whatever timer there is behind the answers.
    await wait(5 + Math.random() * 20)
  }
  return { delays, late }
}

/** The numbers behind `from`. */
export const numbered = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i + 1)
