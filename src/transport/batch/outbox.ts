import type { Outgoing } from '../transport.ts'
import type { Ring } from './ring.ts'

/** A socket that puts datagrams into a ring which it shares with others. */
export interface Sender {
  /** Sends what the ring holds, and leaves it empty. Never throws. */
  flush(): void
}

/** What the sockets that share a ring send: what one of them is given in a turn of the event loop goes out in one system call, as soon as the turn is over. */
export class Outbox {
  readonly #ring: Ring
  /** Whose datagrams the ring holds. */
  #sender: Sender | undefined

  constructor(ring: Ring) {
    this.#ring = ring
  }

  /** Queues a datagram to the sockaddr in `name` from index `at` on, or to the peer. @returns whether it is short enough to be sent at all */
  put(sender: Sender, datagram: Outgoing, name?: Uint32Array, at?: number): boolean {
    this.#takeTurn(sender)
    if (this.#ring.put(datagram, name, at)) return true
    sender.flush()
    return this.#ring.put(datagram, name, at)
  }

  #takeTurn(sender: Sender): void {
    if (this.#sender !== sender) this.flush()
    if (this.#ring.queued === 0) queueMicrotask(this.#onTurnEnd)
    this.#sender = sender
  }

  flush(): void {
    const sender = this.#sender
    this.#sender = undefined
    sender?.flush()
  }

  readonly #onTurnEnd = () => this.flush()
}
