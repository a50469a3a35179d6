import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Client } from '../dns/query.ts'
import { type Spoken, spokenBy } from './tcp.ts'
import type { ConnectionLimits } from './transport.ts'

/** A request, and the stream that it came in. */
interface StreamRequest {
  readonly headers: IncomingHttpHeaders
  readonly stream: ServerHttp2Stream
  /** Has it end in so many milliseconds, where nothing else is said before; 0 for never. */
  bound(milliseconds: number): void
}

/** Answers a request. @returns when nothing is left to do for it; never rejected */
export type ServeStream = (request: StreamRequest, client: Client, limits: ConnectionLimits) => Promise<void>

/** What is asked in the streams of HTTP/2. @param limits of a connection that comes now */
export const speakHttp2 = (serve: ServeStream, limits: () => ConnectionLimits): Spoken =>
  spokenBy((socket, client) => new StreamConnection(socket, client, serve, limits()))

/** One client's streams. Node's session may end and leave its connection open for ever, so this counts them, and ends the connection itself. */
class StreamConnection {
  readonly #socket: Socket
  readonly #session: ServerHttp2Session
  readonly #limits: ConnectionLimits
  #streams = 0
  #ending = false
  #timer: NodeJS.Timeout | undefined

  constructor(socket: Socket, client: Client, serve: ServeStream, limits: ConnectionLimits) {
    this.#socket = socket
    this.#limits = limits
    const session = performServerHandshake(socket, { settings: { maxConcurrentStreams: limits.streams } })
    this.#session = session
    session
      .on('stream', (stream, headers) => {
        this.#streams++
        clearTimeout(this.#timer)
        let timer: NodeJS.Timeout | undefined
        stream
          .once('close', () => {
            clearTimeout(timer)
            this.#closed()
          })
          .on('error', () => {})
        const bound = (milliseconds: number) => {
          clearTimeout(timer)
          if (milliseconds === 0 || stream.closed) return
          timer = setTimeout(() => {
            stream.close(constants.NGHTTP2_CANCEL)
            // That is not said to a client that reads nothing.
            stream.destroy()
          }, milliseconds)
        }
        void serve({ headers, stream: stream as ServerHttp2Stream, bound }, client, limits).then(() => {
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
    // What was answered last leaves first: Node may not have written it yet when its stream closes. Then the session has its last word.
    setImmediate(() => {
      this.#session.destroy()
      setImmediate(() => this.#socket.destroySoon())
    })
  }
}
