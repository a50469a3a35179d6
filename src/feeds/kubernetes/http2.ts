import { type ClientHttp2Session, connect, constants } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { type Response, Silent, secondsOf, type Transport, Unseen } from './transport.ts'

/** Octets that may be on their way: a list of all objects is not to wait for acknowledgements. */
const WINDOW = 1 << 20

/** HTTP/2: one connection for all requests, which is asked all the time whether it still stands. */
export class Http2 implements Transport {
  readonly #base: string
  readonly #session: ClientHttp2Session
  readonly #socket: TLSSocket
  readonly #pings: NodeJS.Timeout
  /** Milliseconds that an answer may say nothing: a server that answers pings may have forgotten it. */
  readonly #patience: number
  #bytesRead = -1
  #heard = performance.now()

  /** @param silence milliseconds until a server that does not answer is given up */
  constructor(server: string, socket: TLSSocket, silence: number) {
    this.#base = new URL(server).pathname.replace(/\/$/, '')
    // Most watches have a bookmark every minute; one that is merely quiet goes on where it was, for the price of a request.
    this.#patience = 2 * silence
    const session = connect(server, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: WINDOW },
    })
    this.#session = session
    this.#socket = socket
    session.once('connect', () => session.setLocalWindowSize(WINDOW))
    // Each request tells of its own failure.
    session.on('error', () => {})
    session.on('close', () => clearInterval(this.#pings))
    this.#pings = setInterval(() => this.#ping(silence / 3), (2 * silence) / 3).unref()
  }

  get open(): boolean {
    return !this.#session.closed && !this.#session.destroyed
  }

  /** @param patience milliseconds for the answer */
  #ping(patience: number): void {
    const session = this.#session
    // A server that will take no more requests is asked nothing more; what runs there goes on as long as it says something.
    if (session.closed) {
      const { bytesRead } = this.#socket
      if (bytesRead === this.#bytesRead) session.destroy(new Silent('no word from an API server that ends'))
      this.#bytesRead = bytesRead
      return
    }
    const late = setTimeout(
      () => session.destroy(new Silent(`the API server has not answered a ping within ${patience / 1000} s`)),
      patience,
    ).unref()
    session.ping(error => {
      clearTimeout(late)
      if (!error) this.#heard = performance.now()
    })
  }

  get(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const stream = this.#session.request({ [constants.HTTP2_HEADER_PATH]: this.#base + path, ...headers }, { signal })
    stream.on('response', answer => {
      this.#heard = performance.now()
      resolve({
        status: Number(answer[constants.HTTP2_HEADER_STATUS]),
        type: `${answer[constants.HTTP2_HEADER_CONTENT_TYPE] ?? ''}`,
        retryAfter: secondsOf(answer[constants.HTTP2_HEADER_RETRY_AFTER]),
        body: stream,
        heard: () => this.#heard,
      })
    })
    const patience = this.#patience
    stream.setTimeout(patience, () => stream.destroy(new Silent(`no word from the API server for ${patience / 1000} s`)))
    stream.on('error', error => {
      const unseen = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM
      reject(unseen ? new Unseen('the API server ends the connection', { cause: error }) : error)
    })
    stream.on('close', () => reject(new Error('the API server has closed the connection')))
    return promise
  }

  retire(): void {
    this.#session.close()
  }
}
