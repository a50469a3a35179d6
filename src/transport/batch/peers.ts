import type { ConnectUdp, PeerSocket } from '../transport.ts'
import { type Native, openNative } from './native.ts'
import { BatchPeer } from './peer.ts'
import { connectSocket } from './socket.ts'

const CLOSED: PeerSocket = { send() {}, close() {} }

/** The connected UDP sockets of a thread. They share memory and turns: what one is given to send in a turn of the event loop goes out in one system call. */
export class BatchPeers {
  readonly #native: Native
  /** Whose datagrams the ring holds. */
  #sender: BatchPeer | undefined
  #readable: BatchPeer[] = []

  constructor(native: Native = openNative()) {
    this.#native = native
  }

  readonly connect: ConnectUdp = (peer, events) => {
    try {
      return new BatchPeer(connectSocket(this.#native, peer), { native: this.#native, peers: this, to: peer.address, events })
    } catch (error) {
      events.failed(error as NodeJS.ErrnoException)
      return CLOSED
    }
  }

  put(sender: BatchPeer, datagram: Uint8Array): void {
    const { peerRing } = this.#native
    if (this.#sender !== sender) this.flush()
    this.#sender = sender
    // After the batch of queries that is being read; their replies go out afterwards as well.
    if (peerRing.queued === 0) queueMicrotask(this.#flushGuarded)
    if (peerRing.put(datagram)) return
    this.flush()
    this.put(sender, datagram)
  }

  /** Sends what waits. */
  flush(): void {
    this.#sender?.flush()
    this.#sender = undefined
  }

  /** Reads from `peer` before the turn of the event loop ends. */
  wake(peer: BatchPeer): void {
    if (this.#readable.length === 0) setImmediate(this.#turn)
    this.#readable.push(peer)
  }

  readonly #flushGuarded = () => this.#guard(() => this.flush())

  readonly #turn = () => {
    const readable = this.#readable
    this.#readable = []
    for (const peer of readable) this.#guard(() => peer.read())
  }

  #guard(body: () => void): void {
    try {
      body()
    } catch (error) {
      this.#native.raise(error)
    }
  }
}
