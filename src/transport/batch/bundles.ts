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

/** A message may end in one more datagram, and does not yet. */
const NONE = BATCH

/**
 * Makes one message of the datagrams in a ring that have one length and one receiver, wherever among others they are, and of one more that is shorter, which
 * is its end: the kernel goes the way to it once, and cuts them apart at its end. What it rewrites are headers and iovecs, until `dissolve`; no octet of a
 * datagram moves.
 */
export class Bundles {
  /** Headers that are to be sent. */
  messages = 0
  readonly #ring: Ring
  /** By datagram: which message it is in, where its octets are, and how many. */
  readonly #messageOf = new Uint8Array(BATCH)
  readonly #starts = new Uint32Array(BATCH)
  readonly #sizes = new Uint32Array(BATCH)
  /** By message: its first datagram, how many there are, of which length, and the shorter one at its end. */
  readonly #firsts = new Uint8Array(BATCH)
  readonly #counts = new Uint8Array(BATCH)
  readonly #lengths = new Uint32Array(BATCH)
  readonly #ends = new Uint8Array(BATCH)
  /** The last message for a receiver and a length, by some bits of both; and the last one for a receiver. */
  readonly #lasts = new Uint8Array(BATCH)
  readonly #lastsTo = new Uint8Array(BATCH)

  constructor(ring: Ring) {
    this.#ring = ring
  }

  /** @param joins false for a message of each datagram */
  form(joins: boolean): void {
    const { words, queued } = this.#ring
    this.messages = joins ? 0 : queued
    if (!joins) return
    for (let i = 0; i < queued; i++) {
      const length = words[(IOVECS_OUT + i * IOVEC + 8) / WORD]!
      const joinable = length > 0 && length <= LONGEST_SEGMENT
      const message = joinable ? this.#messageFor(i, length) : this.#open(i, length, i)
      this.#sizes[i] = length
      this.#messageOf[i] = message
      this.#counts[message]!++
    }
    if (this.messages < queued) this.#rearrange()
  }

  #messageFor(i: number, length: number): number {
    const { words } = this.#ring
    const name = (NAMES_OUT + i * NAME) / WORD
    const receiver = (words[name]! ^ words[name + 1]!) >>> 24
    const bits = (receiver ^ length) % BATCH
    const last = this.#lasts[bits]!
    if (length === this.#lengths[last] && this.#isTo(last, name)) return last
    const lastTo = this.#lastsTo[receiver % BATCH]!
    let message = -1
    if (this.#ends[lastTo] === NONE && this.#isTo(lastTo, name)) message = this.#end(lastTo, i, length)
    if (message < 0) this.#lastsTo[receiver % BATCH] = message = this.#open(i, length, NONE)
    this.#lasts[bits] = message
    return message
  }

  /** A new message, of datagram `i`. @param end itself where none may follow it */
  #open(i: number, length: number, end: number): number {
    const message = this.messages++
    this.#firsts[message] = i
    this.#counts[message] = 0
    this.#lengths[message] = length
    this.#ends[message] = end
    return message
  }

  /** Makes datagram `i`, of another length, the end of a message, or what the message is of its end. @returns the message; -1 where neither is possible */
  #end(message: number, i: number, length: number): number {
    if (length < this.#lengths[message]!) this.#ends[message] = i
    else if (this.#counts[message] === 1) {
      this.#ends[message] = this.#firsts[message]!
      this.#firsts[message] = i
      this.#lengths[message] = length
    } else return -1
    return message
  }

  #isTo(message: number, name: number): boolean {
    if (message >= this.messages) return false
    const { words, nameWords } = this.#ring
    const other = (NAMES_OUT + this.#firsts[message]! * NAME) / WORD
    for (let i = 0; i < nameWords; i++) if (words[other + i] !== words[name + i]) return false
    return true
  }

  /** Sorts the iovecs by the messages that they are in. */
  #rearrange(): void {
    const ring = this.#ring
    const { words, queued } = ring
    for (let i = 0; i < queued; i++) this.#starts[i] = ring.offset(IOVECS_OUT + i * IOVEC)
    for (let i = 0, iovec = 0; i < this.messages; i++) {
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
    for (let i = 0; i < queued; i++) if (this.#ends[this.#messageOf[i]!] !== i) this.#place(i)
    for (let i = 0; i < this.messages; i++) if (this.#ends[i] !== NONE) this.#place(this.#ends[i]!)
  }

  /** Gives a datagram the next iovec of its message. */
  #place(i: number): void {
    const iovec = IOVECS_OUT + this.#counts[this.#messageOf[i]!]!++ * IOVEC
    this.#ring.point(iovec, this.#starts[i]!)
    this.#ring.words[(iovec + 8) / WORD] = this.#sizes[i]!
  }

  /** Writes what differs in the mmsghdr of a bundle. */
  #head(i: number, { name, iovec, count, control }: { name: number; iovec: number; count: number; control: number }): void {
    const ring = this.#ring
    const header = HEADERS_OUT + i * HEADER
    if (ring.nameWords > 0) ring.point(header, NAMES_OUT + name * NAME)
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

  /** Has each datagram of message `i` and of those behind it sent alone, to the peer of the ring's socket. @returns the first of their messages */
  part(i: number): number {
    let first = 0
    for (let message = 0; message < i; message++) first += this.count(message)
    this.dissolve()
    this.messages = this.#ring.queued
    return first
  }

  /** Headers are again those of the datagrams in their order. */
  dissolve(): void {
    if (this.messages < this.#ring.queued)
      for (let i = 0; i < this.messages; i++) this.#head(i, { name: i, iovec: i, count: 1, control: 0 })
  }
}
