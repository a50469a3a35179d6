import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Client } from '../dns/query.ts'
import { bodyOf } from './http-body.ts'
import { serveExchange } from './http-exchange.ts'
import { type Cut, cutOff, type Share } from './share.ts'
import { type Connections, STREAM_LIMITS } from './stream.ts'
import { type Spoken, spokenBy } from './tcp.ts'
import type { ConnectionLimits, Receive } from './transport.ts'

/** DNS in requests of HTTP/1.1. @param limits of a connection that comes now */
export function speakHttp1(receive: Receive, limits: () => ConnectionLimits, connections: Connections): Spoken {
  const served = new WeakMap<Socket, RequestConnection>()
  // Its own bounds of time are for servers that listen.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) =>
    served.get(request.socket)!.serve(request, response),
  )
  return spokenBy((socket, client) => {
    const connection = new RequestConnection(socket, client, receive, limits(), connections)
    served.set(socket, connection)
    server.emit('connection', socket)
    return connection
  })
}

/** One client's requests, one after the other or several at once, answered in their order. */
class RequestConnection {
  readonly #socket: Socket
  readonly #client: Client
  readonly #receive: Receive
  readonly #limits: ConnectionLimits
  readonly #connections: Connections
  readonly #share: Share
  /** What is owed, each with what ends the connection where it takes too long. */
  readonly #owed = new Map<ServerResponse, NodeJS.Timeout | undefined>()
  #ending = false
  #idle: NodeJS.Timeout | undefined

  constructor(socket: Socket, client: Client, receive: Receive, limits: ConnectionLimits, connections: Connections) {
    this.#socket = socket
    this.#client = client
    this.#receive = receive
    this.#limits = limits
    this.#connections = connections
    this.#share = connections.share(socket)
    this.#wait()
    socket.once('close', () => {
      for (const timer of [this.#idle, ...this.#owed.values()]) clearTimeout(timer)
    })
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    clearTimeout(this.#idle)
    this.#owed.set(response, undefined)
    if (this.#owed.size > STREAM_LIMITS.inFlight) {
      this.#cut('requests')
      return
    }
    let kept = 0
    const keep = (octets: number): boolean => {
      kept += octets
      return this.#share.take(octets)
    }
    const bound = (time?: 'read' | 'write') => {
      clearTimeout(this.#owed.get(response))
      if (this.#owed.has(response)) this.#owed.set(response, time && this.#cutIn(time))
    }
    response
      .on('error', () => {})
      .once('close', () => {
        bound()
        this.#owed.delete(response)
        this.#share.give(kept)
        const [next] = this.#owed.keys()
        if (!next && this.#ending) this.#socket.destroySoon()
        else if (!next) this.#wait()
        else if (next.writableEnded) this.#owed.set(next, this.#cutIn('write'))
      })
    const exchange = {
      method: request.method,
      path: request.url,
      headers: request.headers,
      body: bodyOf(request, keep),
      isOver: () => response.destroyed,
      bound,
      respond: (status: number, headers: Readonly<Record<string, string | number>>, octets: Uint8Array) => {
        // The rest of what was not read whole is not waited for. Node ends the connection behind a response that says that it does.
        const isLast = this.#ending && [...this.#owed.keys()].at(-1) === response
        if (isLast || !request.complete) response.shouldKeepAlive = false
        response.writeHead(status, headers).end(octets)
        // Those before it are sent first: its time to be read has not begun.
        if (!response.socket) bound()
        keep(octets.length)
      },
    }
    const receive: Receive = (message, client) =>
      this.#connections.turns.give(this, () => (response.destroyed ? undefined : this.#receive(message, client)))
    void serveExchange(exchange, this.#client, receive)
  }

  /** Answers what is owed, closes. */
  end(): void {
    this.#ending = true
    if (this.#owed.size === 0) this.#socket.destroy()
  }

  #wait(): void {
    if (!this.#socket.destroyed) this.#idle = setTimeout(() => this.#socket.destroy(), this.#limits.idle)
  }

  #cutIn(time: 'read' | 'write'): NodeJS.Timeout | undefined {
    return this.#socket.destroyed ? undefined : setTimeout(() => this.#cut(time), this.#limits[time])
  }

  #cut(reason: Cut): void {
    cutOff(this.#socket, this.#connections.cut, reason)
  }
}
