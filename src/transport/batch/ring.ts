import { Buffer } from 'node:buffer'
import type { Outgoing } from '../transport.ts'

/** Datagrams of one recvmmsg or sendmmsg. */
export const BATCH = 64
/** Octets of a datagram that are read; the rest is cut off. No client may send as many (RFC 6891 §6.2.5: this server takes 1,232). */
const RECEIVED = 4096
/** Octets of replies in one sendmmsg: more than the longest datagram. */
const SENT = 1 << 16

/**
 * Layouts, as Linux has them on 64-bit machines (glibc and musl alike, little endian), in octets:
 *
 *     mmsghdr, 64         iovec, 16         sockaddr_in, 16       sockaddr_in6, 28     cmsghdr, 16       in_pktinfo, 12      in6_pktinfo, 20
 *      0 msg_name *        0 iov_base *      0 sin_family          0 sin6_family        0 cmsg_len        0 ipi_ifindex       0 ipi6_addr
 *      8 msg_namelen       8 iov_len         2 sin_port (big)      2 sin6_port (big)    8 cmsg_level      4 ipi_spec_dst     16 ipi6_ifindex
 *     16 msg_iov *                           4 sin_addr            4 sin6_flowinfo     12 cmsg_type       8 ipi_addr
 *     24 msg_iovlen                          8 zero                8 sin6_addr         16 in_pktinfo, in6_pktinfo, or the length of a segment (16 bits)
 *     32 msg_control *                                            24 sin6_scope_id
 *     40 msg_controllen
 *     48 msg_flags
 *     56 msg_len
 */
export const HEADER = 64
export const IOVEC = 16
export const NAME_LENGTH = 28
/** Behind a sockaddr_in6 and what rounds it up. For the sockets of all addresses: to which of them a datagram came, which is where its reply comes from. */
export const CONTROL = 32
const CONTROL_LENGTH = 40
/** Behind that, or in its place: that a datagram is to be cut into segments (UDP_SEGMENT, udp(7)). With what rounds it up. */
export const SEGMENT_CONTROL = 24
export const NAME = CONTROL + CONTROL_LENGTH + SEGMENT_CONTROL

const IPPROTO_IP = 0

/** Its cmsghdr: cmsg_len, SOL_UDP, UDP_SEGMENT. The length of a segment follows. */
export const SEGMENT: readonly number[] = [18, 0, 17, 103]
/** Octets of a segment that fits into a packet on any way. */
export const LONGEST_SEGMENT = 512

/** Where things are in the memory, in octets. */
const HEADERS_IN = 0
const IOVECS_IN = HEADERS_IN + BATCH * HEADER
const NAMES_IN = IOVECS_IN + BATCH * IOVEC
export const HEADERS_OUT = NAMES_IN + BATCH * NAME
export const IOVECS_OUT = HEADERS_OUT + BATCH * HEADER
export const NAMES_OUT = IOVECS_OUT + BATCH * IOVEC
const SCRATCH = NAMES_OUT + BATCH * NAME
const OCTETS_OUT = SCRATCH + 64
const OCTETS_IN = OCTETS_OUT + SENT
const SIZE = OCTETS_IN + BATCH * RECEIVED

/** All but the octets of datagrams is read and written as words of 32 bits. */
export const WORD = 4
const CONTROL_WORD = CONTROL / WORD

/**
 * The memory that recvmmsg fills and sendmmsg reads. All listeners of a thread at one address use the same one by turns, those at all addresses
 * another, and all connected sockets a third.
 *
 * Why this is safe:
 * - It is one ArrayBuffer, which never moves, is never detached (nobody else gets hold of it) and lives as long as the thread.
 * - Every address in it leads into it, with a length that stays in it. What is for recvmmsg is written once, when it is made; what is for sendmmsg is the
 *   begin of the memory plus the place of a datagram, a name or an iovec by its number. Nothing that a client sends becomes an address or a limit.
 * - The kernel uses it during a call only. Between calls nobody knows it but this class, and what leaves it is copied out: a message that waits for
 *   an upstream, the sender of it, replies that the kernel does not take.
 * - Who writes a datagram is given the octets of datagrams that are sent, and nothing else of it.
 * - What the kernel reports is checked before it is used: a length is at most that of the buffer.
 */
export class Ring {
  /** The address of the headers for recvmmsg. */
  readonly incoming: bigint
  readonly #outgoing: bigint
  /** 64 octets for the arguments of other calls, and their address. */
  readonly scratch: DataView
  readonly scratchAt: bigint
  /** Datagrams that wait for sendmmsg. */
  queued = 0
  /** How many words tell who a datagram came from, and at which address where that may be any; none of a socket that has one peer. */
  readonly nameWords: number
  /** The whole memory, as 32-bit words and as octets. */
  readonly words: Uint32Array
  readonly octets: Buffer
  /** The octets of datagrams that are sent. Who writes them gets hold of no others. */
  readonly #octetsOut: Buffer
  readonly #low: number
  readonly #high: number
  readonly #wildcard: boolean
  /** Where the octets of the next datagram go. */
  #end = 0

  /**
   * @param connected for sockets that have one peer, whose address need not be read or written
   * @param wildcard for sockets of all addresses
   */
  constructor(addressOf: (memory: ArrayBuffer) => bigint, { connected = false, wildcard = false } = {}) {
    this.#wildcard = wildcard
    this.nameWords = connected ? 0 : (wildcard ? CONTROL + CONTROL_LENGTH : NAME_LENGTH) / WORD
    const memory = new ArrayBuffer(SIZE)
    const start = addressOf(memory)
    this.words = new Uint32Array(memory)
    this.octets = Buffer.from(memory)
    this.#octetsOut = Buffer.from(memory, OCTETS_OUT, SENT)
    this.#low = Number(start & 0xffffffffn)
    this.#high = Number(start >> 32n)
    this.incoming = start + BigInt(HEADERS_IN)
    this.#outgoing = start + BigInt(HEADERS_OUT)
    this.scratch = new DataView(memory, SCRATCH, 64)
    this.scratchAt = start + BigInt(SCRATCH)
    for (let i = 0; i < BATCH; i++) {
      this.#describe(HEADERS_IN + i * HEADER, connected ? undefined : NAMES_IN + i * NAME, IOVECS_IN + i * IOVEC)
      this.#describe(HEADERS_OUT + i * HEADER, connected ? undefined : NAMES_OUT + i * NAME, IOVECS_OUT + i * IOVEC)
      this.point(IOVECS_IN + i * IOVEC, OCTETS_IN + i * RECEIVED)
      this.words[(IOVECS_IN + i * IOVEC + 8) / WORD] = RECEIVED
    }
  }

  /** Writes a mmsghdr with one iovec. The kernel takes a sockaddr_in of 28 octets as well; without a name, it passes over its length. */
  #describe(header: number, name: number | undefined, iovec: number): void {
    if (name !== undefined) this.point(header, name)
    this.words[(header + 8) / WORD] = NAME_LENGTH
    if (this.#wildcard && name !== undefined) {
      this.point(header + 32, name + CONTROL)
      this.words[(header + 40) / WORD] = CONTROL_LENGTH
    }
    this.point(header + 16, iovec)
    this.words[(header + 24) / WORD] = 1
  }

  /** Writes the address of `target`, a place in the memory, to `at`. */
  point(at: number, target: number): void {
    const low = this.#low + target
    this.words[at / WORD] = low
    this.words[at / WORD + 1] = low > 0xffffffff ? this.#high + 1 : this.#high
  }

  /** The place in the memory whose address stands at `at`. */
  offset(at: number): number {
    return (this.words[at / WORD]! - this.#low) >>> 0
  }

  /** The datagram that recvmmsg put in place `i`, in memory of its own: a query that has to wait keeps it. */
  message(i: number): Buffer {
    const header = (HEADERS_IN + i * HEADER) / WORD
    const length = Math.min(this.words[header + 14]!, RECEIVED)
    this.forget(i)
    const message = Buffer.allocUnsafe(length)
    const start = OCTETS_IN + i * RECEIVED
    this.octets.copy(message, 0, start, start + length)
    return message
  }

  /** Makes place `i` ready for the next datagram: the kernel wrote how long addresses are, and those of the next one may be of the other family. */
  forget(i: number): void {
    const header = (HEADERS_IN + i * HEADER) / WORD
    this.words[header + 2] = NAME_LENGTH
    if (!this.#wildcard) return
    // Where the kernel told no address, what is there was told of another datagram.
    if (this.words[header + 10] === 0) this.words[this.sender(i) + CONTROL_WORD] = 0
    this.words[header + 10] = CONTROL_LENGTH
  }

  /** Where in `words` the sender of datagram `i` is. */
  sender(i: number): number {
    return (NAMES_IN + i * NAME) / WORD
  }

  /** The sockaddr from word `at` on, in memory of its own. */
  name(at: number): Uint32Array {
    return this.words.slice(at, at + this.nameWords)
  }

  /** Queues a datagram to the sockaddr in `name` from index `at` on, or to the peer. @returns whether there was room */
  put(datagram: Outgoing, name?: Uint32Array, at = 0): boolean {
    if (this.queued === BATCH || this.#end + datagram.longest > SENT) return false
    this.#queue(datagram.write(this.#octetsOut, this.#end) - this.#end, name, at)
    return true
  }

  /** Queues the datagram of so many octets that was written from `#end` on. */
  #queue(length: number, name: Uint32Array | undefined, at: number): void {
    const to = (NAMES_OUT + this.queued * NAME) / WORD
    if (name) for (let word = 0; word < this.nameWords; word++) this.words[to + word] = name[at + word]!
    if (this.#wildcard) this.#sendFrom(to + CONTROL_WORD, (HEADERS_OUT + this.queued * HEADER) / WORD)
    const iovec = IOVECS_OUT + this.queued * IOVEC
    this.point(iovec, OCTETS_OUT + this.#end)
    this.words[(iovec + 8) / WORD] = length
    this.#end += length
    this.queued++
  }

  /** Has a queued datagram sent from the address that `control` names, through whatever interface leads to the client. */
  #sendFrom(control: number, header: number): void {
    const length = this.words[control]!
    this.words[header + 10] = Math.min((length + 7) & ~7, CONTROL_LENGTH)
    this.words[control + (this.words[control + 2] === IPPROTO_IP ? 4 : 8)] = 0
  }

  /** The address of the headers for sendmmsg, from queued datagram `i` on. */
  outgoing(i: number): bigint {
    return i === 0 ? this.#outgoing : this.#outgoing + BigInt(i * HEADER)
  }

  clear(): void {
    this.queued = 0
    this.#end = 0
  }
}
