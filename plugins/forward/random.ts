import { randomFillSync } from 'node:crypto'

const pool = new Uint16Array(2048)
let next = pool.length

/** A number from 0 to 65,535 that nobody can foretell; the generator is asked for 4,096 octets at a time. */
export function random16(): number {
  if (next === pool.length) {
    randomFillSync(pool)
    next = 0
  }
  return pool[next++]!
}
