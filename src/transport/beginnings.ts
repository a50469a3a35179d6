import type { Socket } from 'node:net'
import { type Connections, clientOf, STREAM_LIMITS } from './stream.ts'
import type { Spoken } from './tcp.ts'
import type { Held, ProxyHeaders } from './transport.ts'

/** Connections whose proxy header has not been read completely. */
export class Beginnings {
  readonly #connections: Connections
  readonly #spoken: Spoken
  readonly #open = new Set<Socket>()

  constructor(connections: Connections, spoken: Spoken) {
    this.#connections = connections
    this.#spoken = spoken
  }

  /**
   * Admits a connection, reads its header, and has it served as what it says.
   * @param milliseconds for the header to come
   */
  take(socket: Socket, headers: ProxyHeaders, held: Held | undefined, milliseconds = STREAM_LIMITS.read): void {
    if (!this.#connections.open(socket, held)) return
    const peer = clientOf(socket)
    if (!headers.concerns(peer)) {
      if (this.#connections.claim(socket, peer.address)) this.#spoken.take(socket, peer)
      return
    }
    this.#open.add(socket)
    const timer = setTimeout(() => socket.destroy(), milliseconds)
    let octets: Buffer = Buffer.alloc(0)
    const read = () => {
      const chunk: Buffer | null = socket.read()
      if (!chunk) return
      octets = Buffer.concat([octets, chunk])
      const beginning = headers.beginning(octets, peer)
      if (!beginning) return
      settle()
      const { length, client } = beginning
      if (!client) socket.destroy()
      else if (this.#connections.claim(socket, client.address)) {
        if (length < octets.length) socket.unshift(octets.subarray(length))
        this.#spoken.take(socket, client)
      }
    }
    const leave = () => socket.destroy()
    const settle = () => {
      clearTimeout(timer)
      this.#open.delete(socket)
      socket.off('readable', read).off('end', leave).off('close', settle)
    }
    socket.on('readable', read).on('end', leave).on('error', leave).on('close', settle)
  }

  /** Ends them. */
  end(): void {
    for (const socket of this.#open) socket.destroy()
  }
}
