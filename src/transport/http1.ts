import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Client } from '../dns/query.ts'
import { serveExchange } from './http-exchange.ts'
import { STREAM_LIMITS } from './stream.ts'
import { type Spoken, spokenBy } from './tcp.ts'
import type { ConnectionLimits, Receive } from './transport.ts'

/** DNS in requests of HTTP/1.1. @param limits of a connection that comes now */
export function speakHttp1(receive: Receive, limits: () => ConnectionLimits): Spoken {
  const connections = new WeakMap<Socket, RequestConnection>()
  // Its own bounds of time are for servers that listen.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) =>
    connections.get(request.socket)!.serve(request, response),
  )
  return spokenBy((socket, client) => {
    const connection = new RequestConnection(socket, client, receive, limits())
    connections.set(socket, connection)
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
  #inFlight = 0
  #ending = false
  #timer: NodeJS.Timeout | undefined

  constructor(socket: Socket, client: Client, receive: Receive, limits: ConnectionLimits) {
    this.#socket = socket
    this.#client = client
    this.#receive = receive
    this.#limits = limits
    this.#bound(limits.idle)
    socket.once('close', () => clearTimeout(this.#timer))
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    this.#inFlight++
    if (this.#inFlight > STREAM_LIMITS.inFlight) {
      this.#socket.destroy()
      return
    }
    response
      .on('error', () => {})
      .once('close', () => {
        this.#inFlight--
        this.#bound(this.#inFlight === 0 ? this.#limits.idle : 0)
      })
    const exchange = {
      method: request.method,
      path: request.url,
      headers: request.headers,
      // A refusal is still to be sent.
      body: request.iterator({ destroyOnReturn: false }),
      isOver: () => response.destroyed,
      bound: (milliseconds: number) => this.#bound(milliseconds),
      respond: (status: number, headers: Readonly<Record<string, string | number>>, octets: Uint8Array) => {
        // The rest of what was not read whole is not waited for.
        if (this.#ending || !request.complete) response.shouldKeepAlive = false
        response.writeHead(status, headers).end(octets)
      },
    }
    void serveExchange(exchange, this.#client, this.#receive, this.#limits)
  }

  /** Answers what is owed, closes. */
  end(): void {
    this.#ending = true
    if (this.#inFlight === 0) this.#socket.destroy()
  }

  /** Has it end in so many milliseconds; 0 for never. */
  #bound(milliseconds: number): void {
    clearTimeout(this.#timer)
    if (milliseconds > 0 && !this.#socket.destroyed) this.#timer = setTimeout(() => this.#socket.destroy(), milliseconds)
  }
}
