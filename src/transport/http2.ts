import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Client } from '../dns/query.ts'
import { serveExchange } from './http-exchange.ts'
import { type Spoken, spokenBy } from './tcp.ts'
import type { ConnectionLimits, Receive } from './transport.ts'

/** DNS in the streams of HTTP/2. @param limits of a connection that comes now */
export const speakHttp2 = (receive: Receive, limits: () => ConnectionLimits): Spoken =>
  spokenBy((socket, client) => new StreamConnection(socket, client, receive, limits()))

/** One client's streams. Node's session may end and leave its connection open for ever, so this counts them, and ends the connection itself. */
class StreamConnection {
  readonly #socket: Socket
  readonly #session: ServerHttp2Session
  readonly #limits: ConnectionLimits
  #streams = 0
  #ending = false
  #timer: NodeJS.Timeout | undefined

  constructor(socket: Socket, client: Client, receive: Receive, limits: ConnectionLimits) {
    this.#socket = socket
    this.#limits = limits
    const session = performServerHandshake(socket, { settings: { maxConcurrentStreams: limits.streams } })
    this.#session = session
    session
      .on('stream', (stream, headers) => {
        this.#streams++
        clearTimeout(this.#timer)
        stream.once('close', () => this.#closed()).on('error', () => {})
        const cancel = () => {
          stream.close(constants.NGHTTP2_CANCEL)
          // That is not said to a client that reads nothing.
          stream.destroy()
        }
        const exchange = {
          method: headers[':method'],
          path: headers[':path'],
          contentType: headers['content-type'],
          // A refusal is still to be sent.
          body: (stream as ServerHttp2Stream).iterator({ destroyOnReturn: false }),
          isOver: () => stream.closed,
          bound: (milliseconds: number) => void stream.setTimeout(milliseconds, cancel),
          respond(status: number, headers: Readonly<Record<string, string | number>>, octets: Uint8Array) {
            ;(stream as ServerHttp2Stream).respond({ ':status': status, ...headers })
            stream.end(octets)
          },
        }
        void serveExchange(exchange, client, receive, limits).then(() => {
          // Of a client that took its request back and reads nothing, Node would wait for the end.
          if (stream.closed) stream.destroy()
        })
      })
      .on('goaway', () => this.end())
      .on('error', () => session.destroy())
    socket.once('close', () => clearTimeout(this.#timer))
    this.#wait()
  }

  /** Takes no more, answers what is owed, closes. */
  end(): void {
    this.#ending = true
    this.#session.close()
    if (this.#streams === 0) this.#close()
  }

  #closed(): void {
    this.#streams--
    if (this.#streams > 0 || this.#socket.destroyed) return
    if (this.#ending) this.#close()
    else this.#wait()
  }

  #wait(): void {
    this.#timer = setTimeout(() => this.#close(), this.#limits.idle)
  }

  #close(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#socket.destroy(), this.#limits.write)
    this.#session.destroy()
    // It has its last word first.
    setImmediate(() => this.#socket.destroySoon())
  }
}
