import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import {
  DRAIN,
  isAnyAddress,
  type Listening,
  type Losses,
  type Opening,
  type Outgoing,
  octetsOf,
  type Receive,
  written,
} from '../transport.ts'
import { Bundles } from './bundles.ts'
import { type Debt, type Debtor, Debts } from './debts.ts'
import { type Native, openNative } from './native.ts'
import type { Outbox, Sender } from './outbox.ts'
import { Poll, READABLE, WRITABLE } from './poll.ts'
import { BATCH, type Ring } from './ring.ts'
import { Senders } from './senders.ts'
import { leave, openSocket, receiveQueue } from './socket.ts'

/** Replies that wait for the kernel to take them; what comes on top is lost. */
const WAITING = 1024

/** So many times as long as it took to shed, nothing is shed afterwards: where more comes all the time, nearly all of it goes into answers. */
const SHED_PAUSE = 20

const MSG_DONTWAIT = 0x40

const { EAGAIN, EINVAL, EIO, EMSGSIZE } = constants.errno
/** What the kernel says of a bundle when it is older than they are, or the device does not compute checksums. */
const NO_BUNDLES = new Set<number>([EINVAL, EIO, EMSGSIZE])

/**
 * Serves one UDP address, up to 64 datagrams a system call and a turn of the event loop: connections and timers get theirs in between.
 * @param port 0 for any free one
 * @throws a system error, such as EADDRINUSE; or what keeps `node:ffi` from working
 */
export async function listenBatch(
  address: string,
  port: number,
  receive: Receive,
  { shared = false, native = openNative() }: Opening & { native?: Native } = {},
): Promise<BatchListener> {
  const wildcard = isAnyAddress(address)
  return new BatchListener(native, { ...openSocket(native, address, port, { shared, wildcard }), wildcard }, address, receive)
}

/** A reply in memory of its own, and the name that it goes to, as the ring has it. */
interface Waiting {
  readonly datagram: Uint8Array
  readonly name: Uint32Array
}

/**
 * libuv's callback only wakes: all work is done in an immediate of the same turn of the event loop, after which promises go on as usual.
 */
class BatchListener implements Listening, Sender, Debtor, Disposable {
  readonly address: string
  readonly port: number
  readonly #native: Native
  readonly #ring: Ring
  readonly #outbox: Outbox
  readonly #receive: Receive
  /** -1 once it is closed. */
  #fd: number
  readonly #poll: Poll
  /** The last batch was, and more waits. */
  #wasFull = false
  readonly #senders: Senders
  /** Replies that the kernel would not take. */
  #waiting: Waiting[] = []
  readonly #debts: Debts
  #unsent = 0
  readonly #bundles: Bundles
  /** Whether the kernel takes them. */
  #joins = true
  #shed = 0
  /** Datagrams that the kernel had thrown away when it was looked at last. */
  #drops = 0
  /** When more may be shed. */
  #shedNext = 0
  #awake = false
  /** close() was called; until when it reads, and whether it has read everything. */
  #closing: PromiseWithResolvers<void> | undefined
  /** Datagrams that are still read while it closes. */
  #left = DRAIN
  #drained = false

  constructor(native: Native, socket: { fd: number; port: number; wildcard: boolean }, address: string, receive: Receive) {
    this.address = address
    this.port = socket.port
    this.#native = native
    this.#ring = socket.wildcard ? native.wildcardRing : native.ring
    this.#outbox = socket.wildcard ? native.wildcardOutbox : native.outbox
    this.#senders = new Senders(this.#ring)
    this.#debts = new Debts(this.#ring.nameWords, this)
    this.#bundles = new Bundles(this.#ring)
    this.#receive = receive
    this.#fd = socket.fd
    try {
      this.#poll = new Poll(native, this.#fd, this.#wake)
    } catch (error) {
      native.calls.close(this.#fd)
      throw error
    }
    this.#poll.watch(READABLE)
  }

  losses(): Losses {
    return { unsent: this.#unsent, overflows: receiveQueue(this.#native, this.#fd).drops, shed: this.#shed }
  }

  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = Promise.withResolvers()
      leave(this.#native, this.#fd, this.address, this.port)
      this.#wake()
    }
    return this.#closing.promise
  }

  /** Closes at once, whatever is owed. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return
    this.#poll.close()
    this.#native.calls.close(this.#fd)
    this.#fd = -1
    this.#closing?.resolve()
  }

  readonly #wake = () => {
    if (this.#awake) return
    this.#awake = true
    setImmediate(this.#turn)
  }

  readonly #turn = () => {
    this.#awake = false
    if (this.#fd < 0) return
    try {
      this.#work()
    } catch (error) {
      this.#native.raise(error)
    }
  }

  #work(): void {
    this.#sendWaiting()
    // While the kernel takes no replies, queries stay with it, too.
    if (this.#waiting.length === 0 && !this.#drained) this.#read()
    if (!this.#closing) this.#poll.watch(this.#waiting.length > 0 ? WRITABLE : READABLE)
    else if (this.#waiting.length > 0) this.#poll.watch(WRITABLE)
    else if (!this.#drained) this.#wake()
    else if (this.#debts.count > 0) this.#poll.watch(0)
    else this[Symbol.dispose]()
  }

  #read(): void {
    const { calls, errno, moderation } = this.#native
    if (!this.#wasFull) moderation.gather()
    const count = calls.recvmmsg(this.#fd, this.#ring.incoming, BATCH, MSG_DONTWAIT, 0n)
    // Any other error was one of an earlier call; what is queued comes with the next.
    const empty = count < 0 ? errno() === EAGAIN : count < BATCH
    const received = performance.now()
    this.#wasFull = count === BATCH
    for (let i = 0; i < count; i++) this.#answer(i, received)
    this.#outbox.flush()
    moderation.note(received, performance.now())
    if (count === BATCH && !this.#closing) this.#shedOldest()
    if (!this.#closing) return
    // An error counts, too.
    this.#left -= Math.abs(count)
    this.#drained = empty || this.#left <= 0
  }

  /** More comes than can be answered. Who has waited longest has the least use for a reply: the older half goes, so that the others wait half as long. */
  #shedOldest(): void {
    const { calls } = this.#native
    const start = performance.now()
    if (start < this.#shedNext) return
    let { drops, used, size } = receiveQueue(this.#native, this.#fd)
    if (drops === this.#drops) return
    this.#drops = drops
    while (used > size / 2) {
      const count = calls.recvmmsg(this.#fd, this.#ring.incoming, BATCH, MSG_DONTWAIT, 0n)
      if (count <= 0) break
      for (let i = 0; i < count; i++) this.#ring.forget(i)
      this.#shed += count
      used = receiveQueue(this.#native, this.#fd).used
    }
    const end = performance.now()
    this.#shedNext = end + SHED_PAUSE * (end - start)
  }

  #answer(i: number, received: number): void {
    const ring = this.#ring
    const at = ring.sender(i)
    const message = ring.message(i)
    try {
      const reply = this.#receive(message, this.#senders.client(at), received)
      if (reply === undefined) return
      if ('then' in reply) this.#owe(reply, at)
      else this.#put(reply, ring.words, at)
    } catch (error) {
      this.#native.raise(error)
    }
  }

  #owe(reply: PromiseLike<Outgoing | undefined>, at: number): void {
    const { pay, fail } = this.#debts.add(this.#ring.words, at)
    reply.then(pay, fail)
  }

  pay(debt: Debt, reply: Outgoing | undefined): void {
    const { names } = this.#debts
    if (reply && this.#waiting.length > 0) this.#keep(octetsOf(reply), names.slice(debt.at, debt.at + this.#ring.nameWords))
    else if (reply) this.#put(reply, names, debt.at)
    this.#settle(debt)
  }

  fail(debt: Debt, error: unknown): void {
    this.#settle(debt)
    this.#native.raise(error)
  }

  #settle(debt: Debt): void {
    this.#debts.remove(debt)
    if (this.#closing) this.#wake()
  }

  #put(datagram: Outgoing, names: Uint32Array, at: number): void {
    if (this.#fd < 0 || !this.#outbox.put(this, datagram, names, at)) this.#unsent++
  }

  #keep(datagram: Uint8Array, name: Uint32Array): void {
    if (this.#waiting.length < WAITING) this.#waiting.push({ datagram, name })
    else this.#unsent++
  }

  #sendWaiting(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const { datagram, name } of waiting) {
      // The kernel takes no more.
      if (this.#waiting.length > 0) this.#keep(datagram, name)
      else this.#put(written(datagram), name, 0)
    }
    this.#outbox.flush()
  }

  flush(): void {
    try {
      this.#send()
    } catch (error) {
      this.#native.raise(error)
    }
    this.#bundles.dissolve()
    this.#ring.clear()
    if (this.#waiting.length > 0 && this.#fd >= 0) this.#poll.watch(WRITABLE)
  }

  /** Sends what the ring holds. What fails for another reason than a full buffer or bundles fails for one receiver only, and is lost. */
  #send(): void {
    const { calls, errno } = this.#native
    const ring = this.#ring
    const bundles = this.#bundles
    bundles.form(this.#joins)
    let i = 0
    while (i < bundles.messages && this.#fd >= 0) {
      const sent = calls.sendmmsg(this.#fd, ring.outgoing(i), bundles.messages - i, MSG_DONTWAIT)
      if (sent > 0) {
        i += sent
        continue
      }
      const reason = errno()
      const refused = bundles.count(i) > 1 && NO_BUNDLES.has(reason)
      if (refused) this.#joins = false
      if (refused || reason === EAGAIN)
        for (; i < bundles.messages; i++) for (const { datagram, name } of bundles.take(i)) this.#keep(datagram, name)
      else this.#unsent += bundles.count(i++)
    }
  }
}
