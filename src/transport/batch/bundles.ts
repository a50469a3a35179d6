import {
  BATCH,
  CONTROL,
  HEADER,
  HEADERS_OUT,
  IOVEC,
  IOVECS_OUT,
  LONGEST_SEGMENT,
  NAME,
  NAMES_OUT,
  type Ring,
  SEGMENT,
  SEGMENT_CONTROL,
  WORD,
} from './ring.ts'

/**
 * Makes one message of the datagrams in a ring that have one length and one receiver, wherever among others they are: the kernel goes the way to it once,
 * and cuts them apart at its end. What it rewrites are headers and iovecs, until `dissolve`; no octet of a datagram moves.
 */
export class Bundles {
  /** Headers that are to be sent. */
  messages = 0
  readonly #ring: Ring
  /** By datagram: which message it is in, and where its octets are. */
  readonly #messageOf = new Uint8Array(BATCH)
  readonly #starts = new Uint32Array(BATCH)
  /** By message: its first datagram, how many there are, and of which length. */
  readonly #firsts = new Uint8Array(BATCH)
  readonly #counts = new Uint8Array(BATCH)
  readonly #lengths = new Uint32Array(BATCH)
  /** The last message for a receiver and a length, by some bits of both. */
  readonly #lasts = new Uint8Array(BATCH)

  constructor(ring: Ring) {
    this.#ring = ring
  }

  /** @param joins false for a message of each datagram */
  form(joins: boolean): void {
    const { words, queued } = this.#ring
    this.messages = queued
    if (!joins) return
    let messages = 0
    for (let i = 0; i < queued; i++) {
      const length = words[(IOVECS_OUT + i * IOVEC + 8) / WORD]!
      const name = (NAMES_OUT + i * NAME) / WORD
      const bits = (((words[name]! ^ words[name + 1]!) >>> 24) ^ length) % BATCH
      let message = this.#lasts[bits]!
      const fits = message < messages && length === this.#lengths[message] && length > 0 && length <= LONGEST_SEGMENT
      if (!fits || !this.#isTo(message, name)) {
        message = messages++
        this.#lasts[bits] = message
        this.#firsts[message] = i
        this.#counts[message] = 0
        this.#lengths[message] = length
      }
      this.#counts[message]!++
      this.#messageOf[i] = message
    }
    if (messages < queued) this.#rearrange(messages)
  }

  #isTo(message: number, name: number): boolean {
    const { words, nameWords } = this.#ring
    const other = (NAMES_OUT + this.#firsts[message]! * NAME) / WORD
    for (let i = 0; i < nameWords; i++) if (words[other + i] !== words[name + i]) return false
    return true
  }

  /** Sorts the iovecs by the messages that they are in. */
  #rearrange(messages: number): void {
    const ring = this.#ring
    const { words, queued } = ring
    this.messages = messages
    for (let i = 0; i < queued; i++) this.#starts[i] = ring.offset(IOVECS_OUT + i * IOVEC)
    for (let i = 0, iovec = 0; i < messages; i++) {
      const [first, count] = [this.#firsts[i]!, this.#counts[i]!]
      // The first datagram's own header is still as it was.
      const control = words[(HEADERS_OUT + first * HEADER + 40) / WORD]!
      if (count > 1) {
        const segment = (NAMES_OUT + first * NAME + CONTROL + control) / WORD
        for (let k = 0; k < SEGMENT.length; k++) words[segment + k] = SEGMENT[k]!
        words[segment + SEGMENT.length] = this.#lengths[i]!
      }
      this.#head(i, { name: first, iovec, count, control: control + (count > 1 ? SEGMENT_CONTROL : 0) })
      this.#counts[i] = iovec
      iovec += count
    }
    for (let i = 0; i < queued; i++) {
      const message = this.#messageOf[i]!
      const iovec = IOVECS_OUT + this.#counts[message]!++ * IOVEC
      ring.point(iovec, this.#starts[i]!)
      words[(iovec + 8) / WORD] = this.#lengths[message]!
    }
  }

  /** Writes what differs in the mmsghdr of a bundle. */
  #head(i: number, { name, iovec, count, control }: { name: number; iovec: number; count: number; control: number }): void {
    const ring = this.#ring
    const header = HEADERS_OUT + i * HEADER
    ring.point(header, NAMES_OUT + name * NAME)
    ring.point(header + 16, IOVECS_OUT + iovec * IOVEC)
    ring.words[(header + 24) / WORD] = count
    ring.point(header + 32, NAMES_OUT + name * NAME + CONTROL)
    ring.words[(header + 40) / WORD] = control
  }

  /** How many datagrams are in message `i`. */
  count(i: number): number {
    return this.#ring.words[(HEADERS_OUT + i * HEADER + 24) / WORD]!
  }

  /** The datagrams of message `i` and where they go, in memory of their own. */
  take(i: number): { datagram: Uint8Array; name: Uint32Array }[] {
    const ring = this.#ring
    const header = HEADERS_OUT + i * HEADER
    const iovecs = ring.offset(header + 16)
    return Array.from({ length: this.count(i) }, (_, k) => {
      const iovec = iovecs + k * IOVEC
      const start = ring.offset(iovec)
      const datagram = Uint8Array.from(ring.octets.subarray(start, start + ring.words[(iovec + 8) / WORD]!))
      return { datagram, name: ring.name(ring.offset(header) / WORD) }
    })
  }

  /** Headers are again those of the datagrams in their order. */
  dissolve(): void {
    if (this.messages < this.#ring.queued)
      for (let i = 0; i < this.messages; i++) this.#head(i, { name: i, iovec: i, count: 1, control: 0 })
  }
}
