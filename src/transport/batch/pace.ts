/** Milliseconds over which datagrams are counted, at least. */
const SPAN = 1
/** So many in a millisecond are many. */
const MANY = 20

/** How densely datagrams come: of threads that share a core none knows that it has no time left (`moderation.ts`), as others run while it waits. */
export class Pace {
  /** Whether many came in the last span. */
  isFast = false
  #since = 0
  #count = 0

  /** @param count datagrams that were read @param now in milliseconds */
  note(count: number, now: number): void {
    this.#count += count
    const elapsed = now - this.#since
    if (elapsed < SPAN) return
    this.isFast = this.#count >= MANY * elapsed
    this.#since = now
    this.#count = 0
  }
}
