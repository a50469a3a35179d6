import type { ConnectUdp, PeerSocket } from '../transport.ts'
import { type Native, openNative } from './native.ts'
import { BatchPeer } from './peer.ts'
import { connectSocket } from './socket.ts'

const CLOSED: PeerSocket = { local: () => undefined, send() {}, close() {} }

/** The connected UDP sockets of a thread, which all read in one turn of the event loop. */
export class BatchPeers {
  readonly #native: Native
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

  /** Reads from `peer` before the turn of the event loop ends. */
  wake(peer: BatchPeer): void {
    if (this.#readable.length === 0) setImmediate(this.#turn)
    this.#readable.push(peer)
  }

  readonly #turn = () => {
    const readable = this.#readable
    this.#readable = []
    for (const peer of readable) peer.read()
  }
}
