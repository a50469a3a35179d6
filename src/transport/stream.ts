import type { Socket } from 'node:net'
import type { Stream } from 'node:stream'
import type { Client } from '../dns/query.ts'
import { Connection } from './connection.ts'
import { type Common, type Cut, Share } from './share.ts'
import type { ConnectionLimits, Held, Receive } from './transport.ts'
import { Turns } from './turns.ts'

/** Bounds of stream transports. Times in milliseconds, sizes in octets. */
export interface StreamLimits extends ConnectionLimits {
  /** Connections in all. */
  connections: number
  /** Connections of one client address. */
  perClient: number
  /** Queries of one connection that are being answered; reading pauses above. */
  inFlight: number
  /** Replies that get ready while their clients have others to read, of all connections; one that comes above ends its connection. Over HTTP, what is more than 64 KiB of one connection, with requests that are not whole. */
  unsent: number
  /** Requests of HTTP/2 that are open, over all connections, each of which has a few of its own; those above are refused. */
  requests: number
}

export const STREAM_LIMITS: StreamLimits = {
  // An open one takes 5 kB.
  connections: 4096,
  // CoreDNS as a forwarder (NodeLocal DNSCache with force_tcp) has one query under way on each, so this is what may wait for a node at a time.
  perClient: 256,
  read: 3000,
  write: 5000,
  idle: 10_000,
  queries: Number.POSITIVE_INFINITY,
  streams: 100,
  inFlight: 100,
  // As much as five connections owe at most.
  unsent: 32 << 20,
  // An open one takes 10 kB.
  requests: 10_000,
}

/** Of the places whose connections count with those of all others alone. */
const UNBOUNDED: Held = { count: 0, limit: Number.POSITIVE_INFINITY }

/** All stream connections of the process, over all listeners. */
export class Connections {
  #limits: StreamLimits
  readonly #perClient = new Map<string, number>()
  readonly #common: Common = { kept: 0, cut: { read: 0, write: 0, kept: 0, requests: 0 } }
  #count = 0
  #requests = 0
  /** Connections that were turned away. */
  refused = 0
  /** What is asked over HTTP. */
  readonly turns = new Turns()

  constructor(limits: StreamLimits = STREAM_LIMITS) {
    this.#limits = limits
  }

  get count(): number {
    return this.#count
  }

  /** What is served from now on is bound by these. */
  set limits(limits: StreamLimits) {
    this.#limits = limits
  }

  /** Whether one more connection of `place` may be served. It counts until it closes; one that may not is cut off. */
  admit(socket: Socket, place: Held = UNBOUNDED): boolean {
    return this.open(socket, place) && this.claim(socket, socket.remoteAddress!)
  }

  /** As `admit`, before it is known whose connection it is. */
  open(socket: Socket, place: Held = UNBOUNDED): boolean {
    const isFull = this.#count >= this.#limits.connections || place.count >= place.limit
    if (isFull || socket.remoteAddress === undefined) return this.#refuse(socket)
    this.#count++
    place.count++
    socket.once('close', () => {
      this.#count--
      place.count--
    })
    return true
  }

  /** Whether the client at `address` may have one more: one that is open, and now known to be its. */
  claim(socket: Socket, address: string): boolean {
    const held = this.#perClient.get(address) ?? 0
    if (held >= this.#limits.perClient) return this.#refuse(socket)
    this.#perClient.set(address, held + 1)
    socket.once('close', () => {
      const left = this.#perClient.get(address)! - 1
      if (left === 0) this.#perClient.delete(address)
      else this.#perClient.set(address, left)
    })
    return true
  }

  #refuse(socket: Socket): false {
    this.refused++
    socket.on('error', () => {}).destroy()
    return false
  }

  /** How many were ended before their time. */
  get cut(): Record<Cut, number> {
    return this.#common.cut
  }

  /** Whether one more request of HTTP/2 may be answered. It counts until its stream closes. */
  openRequest(stream: Stream): boolean {
    if (this.#requests >= this.#limits.requests) {
      this.cut.requests++
      return false
    }
    this.#requests++
    stream.once('close', () => this.#requests--)
    return true
  }

  /** What may be kept for a connection of HTTP. */
  share(socket: Socket): Share {
    const share = new Share(socket, this.#common, this.#limits.unsent)
    socket.once('close', () => share.end())
    return share
  }

  /**
   * Serves messages with a length of two octets in front (RFC 1035 §4.2.2), any number at a time, answered as they get ready (RFC 7766 §6.2.1.1).
   * @param stream of a connection that was admitted
   * @param limits of the listener, where they are others
   */
  serve(stream: Socket, client: Client, receive: Receive, limits: Partial<ConnectionLimits> = {}): Connection {
    return new Connection(stream, client, receive, { ...this.#limits, ...limits }, this.#common)
  }
}

/** @param stream that is open */
export const clientOf = ({
  remoteAddress,
  remotePort,
  remoteFamily,
}: Pick<Socket, 'remoteAddress' | 'remotePort' | 'remoteFamily'>): Client => ({
  address: remoteAddress!.split('%')[0]!,
  port: remotePort!,
  family: remoteFamily === 'IPv6' ? 6 : 4,
})
