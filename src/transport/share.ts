import type { Socket } from 'node:net'

/** Octets that one connection may have kept, whatever is kept for others. */
export const OWN = 65_536

/** What all connections have in common. */
export interface Common {
  /** Octets that are kept for them beyond what is their own. */
  kept: number
  readonly cut: Record<Cut, number>
}

/**
 * Why a connection, or a request of HTTP/2, is ended before its time: a message did not get whole, or replies were not read, in the time
 * that there is for it (*timeouts*); too much would be kept for it; it is one request too many.
 */
export type Cut = 'read' | 'write' | 'kept' | 'requests'

/** Ends a connection before its time, which counts once. */
export function cutOff(socket: Socket, counts: Record<Cut, number>, reason: Cut): void {
  if (socket.destroyed) return
  counts[reason]++
  socket.destroy()
}

/** What is kept in memory for a connection: what is more than its own counts with that of all other connections. */
export class Share {
  readonly #socket: Socket
  readonly #common: Common
  readonly #limit: number
  #octets = 0
  #isOver = false

  /** @param limit of what counts together */
  constructor(socket: Socket, common: Common, limit: number) {
    this.#socket = socket
    this.#common = common
    this.#limit = limit
  }

  /** @returns whether that is not too much; if it is, the connection ends */
  take(octets: number): boolean {
    this.#change(octets)
    const fits = this.#octets <= OWN || this.#common.kept <= this.#limit
    if (!fits) cutOff(this.#socket, this.#common.cut, 'kept')
    return fits
  }

  give(octets: number): void {
    this.#change(-octets)
  }

  /** Gives back all; what is taken from then on counts no more. */
  end(): void {
    this.#change(-this.#octets)
    this.#isOver = true
  }

  #change(octets: number): void {
    if (this.#isOver) return
    const before = this.#above
    this.#octets += octets
    this.#common.kept += this.#above - before
  }

  get #above(): number {
    return Math.max(0, this.#octets - OWN)
  }
}
