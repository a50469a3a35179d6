import { constants } from 'node:os'
import type { Endpoint, Outgoing, PeerEvents, PeerSocket } from '../transport.ts'
import { type Native, systemError } from './native.ts'
import type { Sender } from './outbox.ts'
import type { BatchPeers } from './peers.ts'
import { Poll, READABLE } from './poll.ts'
import { BATCH } from './ring.ts'
import { localName } from './socket.ts'

const { EAGAIN, ENOBUFS } = constants.errno

/** A connected socket: the kernel lets in the peer's datagrams only, and tells of ICMP errors. */
export class BatchPeer implements PeerSocket, Sender {
  readonly #native: Native
  readonly #to: string
  readonly #events: PeerEvents
  /** -1 once it is closed. */
  #fd: number
  readonly #poll: Poll
  #local: Endpoint | undefined

  constructor(fd: number, { native, peers, to, events }: { native: Native; peers: BatchPeers; to: string; events: PeerEvents }) {
    this.#native = native
    this.#to = to
    this.#events = events
    this.#fd = fd
    try {
      this.#poll = new Poll(native, fd, () => peers.wake(this))
    } catch (error) {
      native.calls.close(fd)
      throw error
    }
    this.#poll.watch(READABLE)
  }

  local(): Endpoint | undefined {
    if (this.#fd < 0) return undefined
    this.#local ??= localName(this.#native, this.#fd)
    return this.#local
  }

  send(datagram: Outgoing): void {
    if (this.#fd >= 0) this.#native.peerOutbox.put(this, datagram)
  }

  flush(): void {
    const { calls, errno, peerRing, peerBundles: bundles } = this.#native
    let failure = 0
    bundles.form(true)
    for (let i = 0; i < bundles.messages && this.#fd >= 0; ) {
      const sent = calls.sendmmsg(this.#fd, peerRing.outgoing(i), bundles.messages - i, 0)
      if (sent > 0) {
        i += sent
        continue
      }
      const reason = errno()
      const isFull = reason === EAGAIN || reason === ENOBUFS
      // Not every network takes bundles; and an error of an earlier datagram, which comes instead of sending, shall not cost many.
      if (!isFull && bundles.count(i) > 1) i = bundles.part(i)
      else {
        if (!isFull) failure = reason
        // What is told of it asks elsewhere.
        i++
      }
    }
    bundles.dissolve()
    peerRing.clear()
    if (failure > 0) this.#fail('send', failure)
  }

  /** Takes up to a batch of what has come. */
  read(): void {
    if (this.#fd < 0) return
    const { calls, errno, peerRing, raise } = this.#native
    const count = calls.recvmmsg(this.#fd, peerRing.incoming, BATCH, 0, 0n)
    const failure = count < 0 ? errno() : 0
    for (let i = 0; i < count; i++) {
      try {
        this.#events.received(peerRing.message(i))
      } catch (error) {
        raise(error)
      }
    }
    if (failure > 0 && failure !== EAGAIN) this.#fail('recvmsg', failure)
    if (this.#fd >= 0) this.#poll.watch(READABLE)
  }

  #fail(call: string, errno: number): void {
    try {
      this.#events.failed(systemError(call, errno, this.#to))
    } catch (error) {
      this.#native.raise(error)
    }
  }

  close(): void {
    if (this.#fd < 0) return
    this.#poll.close()
    this.#native.calls.close(this.#fd)
    this.#fd = -1
  }
}
