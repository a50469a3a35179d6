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
  /** What is owed, each with what ends the connection where it takes too long. */
  readonly #owed = new Map<ServerResponse, NodeJS.Timeout | undefined>()
  #ending = false
  #idle: NodeJS.Timeout | undefined

  constructor(socket: Socket, client: Client, receive: Receive, limits: ConnectionLimits) {
    this.#socket = socket
    this.#client = client
    this.#receive = receive
    this.#limits = limits
    this.#wait()
    socket.once('close', () => {
      for (const timer of [this.#idle, ...this.#owed.values()]) clearTimeout(timer)
    })
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    clearTimeout(this.#idle)
    this.#owed.set(response, undefined)
    if (this.#owed.size > STREAM_LIMITS.inFlight) {
      this.#socket.destroy()
      return
    }
    const bound = (milliseconds: number) => {
      clearTimeout(this.#owed.get(response))
      if (this.#owed.has(response)) this.#owed.set(response, this.#endIn(milliseconds))
    }
    response
      .on('error', () => {})
      .once('close', () => {
        bound(0)
        this.#owed.delete(response)
        const [next] = this.#owed.keys()
        if (!next && this.#ending) this.#socket.destroySoon()
        else if (!next) this.#wait()
        else if (next.writableEnded) this.#owed.set(next, this.#endIn(this.#limits.write))
      })
    const exchange = {
      method: request.method,
      path: request.url,
      headers: request.headers,
      // A refusal is still to be sent.
      body: request.iterator({ destroyOnReturn: false }),
      isOver: () => response.destroyed,
      bound,
      respond: (status: number, headers: Readonly<Record<string, string | number>>, octets: Uint8Array) => {
        // The rest of what was not read whole is not waited for.
        if (this.#ending || !request.complete) response.shouldKeepAlive = false
        response.writeHead(status, headers).end(octets)
        // Those before it are sent first: its time to be read has not begun.
        if (!response.socket) bound(0)
      },
    }
    void serveExchange(exchange, this.#client, this.#receive, this.#limits)
  }

  /** Answers what is owed, closes. */
  end(): void {
    this.#ending = true
    if (this.#owed.size === 0) this.#socket.destroy()
  }

  #wait(): void {
    this.#idle = this.#endIn(this.#limits.idle)
  }

  /** Has it end in so many milliseconds; 0 for never. */
  #endIn(milliseconds: number): NodeJS.Timeout | undefined {
    return milliseconds > 0 && !this.#socket.destroyed ? setTimeout(() => this.#socket.destroy(), milliseconds) : undefined
  }
}
