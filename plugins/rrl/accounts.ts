import { randomBytes } from 'node:crypto'

/** Milliseconds. */
const SECOND = 1000
/** What sums of times are off by at most, in milliseconds. */
const ROUNDING = 1e-6
/** Accounts that may stand for one another where a new one needs room. */
const GROUP = 8
const [GROUP_SEED, TAG_SEED] = [randomBytes(4).readInt32LE(), randomBytes(4).readInt32LE()]

/**
 * An account for each kind of response to each client, in a table of one size that makes nothing with a query. An account is the time since which nothing was taken
 * from it. Where there is no room for a new one, that of eight is forgotten which has the most left: who is over its limit is remembered longest.
 */
export class Accounts {
  readonly #groups: number
  readonly #tags: Int32Array
  readonly #since: Float64Array
  readonly #exceeded: Uint32Array
  readonly #window: number
  /** The latest time that was told. */
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
   * Takes what one query costs from the account of these three numbers.
   * @param interval milliseconds in which one query is earned
   * @param time when it was received, monotonic, in milliseconds; one that waited for its reply while later ones got theirs counts as the latest of them
   * @returns 0 within the limit, or else how often the account was overdrawn
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

/** A number for three, which nobody can choose who does not know the seed (steps and constants of MurmurHash3). */
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
