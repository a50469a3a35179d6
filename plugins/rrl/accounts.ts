import { randomBytes } from 'node:crypto'

/** Milliseconds. */
const SECOND = 1000
/** The largest rounding error in a sum of times, in milliseconds. */
const ROUNDING = 1e-6
/** Accounts of which a new one may replace any. */
const GROUP = 8
const [GROUP_SEED, TAG_SEED] = [randomBytes(4).readInt32LE(), randomBytes(4).readInt32LE()]

/**
 * An account for each kind of response to each client, in a table of fixed size: no query allocates memory. An account is the point in time from which
 * on nothing was taken from it. A new account that finds no room replaces that of eight which has the most left, so clients over their limit are kept longest.
 */
export class Accounts {
  readonly #groups: number
  readonly #tags: Int32Array
  readonly #since: Float64Array
  readonly #exceeded: Uint32Array
  readonly #window: number
  /** The latest time so far. */
  #now = Number.NEGATIVE_INFINITY

  /** @param size how many accounts there are at most, at least eight @param window how far an account may be overdrawn, in milliseconds */
  constructor(size: number, window: number) {
    this.#groups = Math.max(1, Math.floor(size / GROUP))
    this.#tags = new Int32Array(this.#groups * GROUP)
    this.#since = new Float64Array(this.#groups * GROUP).fill(Number.NEGATIVE_INFINITY)
    this.#exceeded = new Uint32Array(this.#groups * GROUP)
    this.#window = window
  }

  /**
   * Takes the cost of one query from the account that these three numbers identify.
   * @param interval milliseconds in which the cost of one query is earned
   * @param time when it was received, monotonic, in milliseconds; one that waited for its reply while later ones got theirs counts as the latest of them
   * @returns 0 within the limit, else how often the account has been overdrawn
   */
  debit(client: number, kind: number, name: number, interval: number, time: number): number {
    const slot = this.#slotOf(client, kind, name)
    if (time > this.#now) this.#now = time
    const balance = Math.min(this.#now - this.#since[slot]!, Math.max(SECOND, interval)) - interval
    this.#since[slot] = this.#now - Math.max(balance, -this.#window)
    return balance < -ROUNDING ? ++this.#exceeded[slot]! : 0
  }

  #slotOf(client: number, kind: number, name: number): number {
    const first = GROUP * Math.floor(((mix(GROUP_SEED, client, kind, name) >>> 0) / 2 ** 32) * this.#groups)
    const tag = mix(TAG_SEED, client, kind, name)
    let oldest = first
    for (let slot = first; slot < first + GROUP; slot++) {
      if (this.#tags[slot] === tag) return slot
      if (this.#since[slot]! < this.#since[oldest]!) oldest = slot
    }
    this.#tags[oldest] = tag
    this.#since[oldest] = Number.NEGATIVE_INFINITY
    this.#exceeded[oldest] = 0
    return oldest
  }
}

/** A hash of three numbers, which nobody can predict without the seed (steps and constants of MurmurHash3). */
function mix(seed: number, a: number, b: number, c: number): number {
  let hash = seed
  hash = step(hash, a)
  hash = step(hash, b)
  hash = step(hash, c)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function step(hash: number, value: number): number {
  const scrambled = Math.imul(value, 0xcc9e2d51)
  const mixed = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}
