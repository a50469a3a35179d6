import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Client } from '../dns/query.ts'
import { bodyOf } from './http-body.ts'
import { OWN, type Share } from './share.ts'
import type { Connections } from './stream.ts'
import { type Spoken, spokenBy } from './tcp.ts'
import type { ConnectionLimits, Receive } from './transport.ts'

/** Requests that a client may take back at once, and as many a second; above, its connection ends. To give up all that it has open every second is nothing unusual. */
const RESETS = 1000

/** Requests that a connection may have open, however many others have. */
const OWN_STREAMS = 8

const NO_BODY = Promise.resolve(Buffer.alloc(0))

/** A request, and the stream that it came in. */
interface StreamRequest {
  readonly headers: IncomingHttpHeaders
  readonly stream: ServerHttp2Stream
  readonly body: Promise<Buffer>
  /** Has it end when this time is over, where nothing else is said before; with none, it may take as long as it wants. */
  bound(time?: 'read' | 'write'): void
  /** Keeps a reply of so many octets until the client takes it: then it is to be sent, unless the stream has ended. */
  send(octets: number, reply: () => void): void
}

/** Answers a request. @returns when nothing is left to do for it; never rejected */
export type ServeStream = (request: StreamRequest, client: Client, receive: Receive) => Promise<void>

/** What is asked in the streams of HTTP/2. @param limits of a connection that comes now */
export const speakHttp2 = (
  serve: ServeStream,
  receive: Receive,
  limits: () => ConnectionLimits,
  connections: Connections,
): Spoken => spokenBy((socket, client) => new StreamConnection(socket, client, serve, receive, limits(), connections))

/** One client's streams. Node's session may end and leave its connection open for ever, so this counts them, and ends the connection itself. */
class StreamConnection {
  readonly #socket: Socket
  readonly #session: ServerHttp2Session
  readonly #client: Client
  readonly #serve: ServeStream
  readonly #receive: Receive
  readonly #limits: ConnectionLimits
  readonly #connections: Connections
  readonly #share: Share
  #streams = 0
  /** Octets of replies that Node has, and the replies that it does not have yet: it would keep any number of them. */
  #sending = 0
  readonly #late = new Map<ServerHttp2Stream, { readonly octets: number; readonly reply: () => void }>()
  #ending = false
  #timer: NodeJS.Timeout | undefined

  constructor(
    socket: Socket,
    client: Client,
    serve: ServeStream,
    receive: Receive,
    limits: ConnectionLimits,
    connections: Connections,
  ) {
    this.#socket = socket
    this.#client = client
    this.#serve = serve
    this.#receive = receive
    this.#limits = limits
    this.#connections = connections
    this.#share = connections.share(socket)
    const resets = Math.min(limits.streams, RESETS)
    const session = performServerHandshake(socket, {
      settings: { maxConcurrentStreams: limits.streams },
      streamResetBurst: resets,
      streamResetRate: resets,
    })
    this.#session = session
    session
      .on('stream', (stream, headers) => this.#open(stream as ServerHttp2Stream, headers))
      .on('goaway', () => this.end())
      .on('error', () => session.destroy())
    socket.once('close', () => clearTimeout(this.#timer))
    this.#wait()
  }

  #open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    this.#streams++
    clearTimeout(this.#timer)
    stream.once('close', () => this.#closed()).on('error', () => {})
    if (this.#streams > OWN_STREAMS && !this.#connections.openRequest(stream)) {
      this.#drop(stream, constants.NGHTTP2_REFUSED_STREAM)
      return
    }
    const request = this.#request(stream, headers)
    const { turns } = this.#connections
    // What came whole has its turn; what has a body, another when that is whole.
    const receive: Receive = stream.endAfterHeaders
      ? this.#receive
      : (message, client) => turns.give(this, () => (stream.closed ? undefined : this.#receive(message, client)))
    turns.begin(this, () => {
      if (stream.closed) return
      void this.#serve(request, this.#client, receive).then(() => {
        // Of a client that took its request back and reads nothing, Node would wait for the end.
        if (stream.closed) stream.destroy()
      })
    })
  }

  #drop(stream: ServerHttp2Stream, code: number): void {
    stream.close(code)
    // That is not said to a client that reads nothing.
    stream.destroy()
  }

  #request(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): StreamRequest {
    let timer: NodeJS.Timeout | undefined
    let kept = 0
    const keep = (octets: number): boolean => {
      kept += octets
      return this.#share.take(octets)
    }
    stream.once('close', () => {
      clearTimeout(timer)
      this.#share.give(kept)
      this.#late.delete(stream)
    })
    return {
      headers,
      stream,
      body: stream.endAfterHeaders ? NO_BODY : bodyOf(stream, keep),
      bound: time => {
        clearTimeout(timer)
        if (time === undefined || stream.closed) return
        timer = setTimeout(() => {
          this.#connections.cut[time]++
          this.#drop(stream, constants.NGHTTP2_CANCEL)
        }, this.#limits[time])
      },
      send: (octets, reply) => {
        keep(octets)
        this.#late.set(stream, { octets, reply })
        this.#sendLate()
      },
    }
  }

  /** Gives Node replies, until it has enough. */
  #sendLate(): void {
    for (const [stream, { octets, reply }] of this.#late) {
      if (this.#sending >= OWN) return
      this.#late.delete(stream)
      if (stream.closed) continue
      this.#sending += octets
      stream.once('close', () => {
        this.#sending -= octets
        this.#sendLate()
      })
      reply()
    }
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
