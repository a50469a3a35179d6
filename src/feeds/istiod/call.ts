import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2'
import { frame } from '../../grpc/frames.ts'
import { headersOfCall, reasonOf } from '../../grpc/request.ts'
import { statusOf } from '../../grpc/status.ts'
import { type Access, headersOf, tlsOf } from './access.ts'
import { CODE, type Ending } from './ending.ts'

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'

/** Octets that may be on their way: a message of many MB is not to wait for acknowledgements. */
const WINDOW = 1 << 20
/** Milliseconds for a connection to stand, TLS included. */
const DIAL = 10_000
/** Milliseconds between pings, of which istiod takes one in 15 s, and until one is answered. */
const PING = [20_000, 10_000] as const
/** Milliseconds for istiod to begin to respond, however much there is to do. */
const FIRST = 90_000

/** Told of what comes over a call. */
interface CallListener {
  connected(): void
  data(chunk: Buffer): void
  /** The connection was proved to stand. */
  heard(): void
}

/**
 * One bidirectional call of gRPC over HTTP/2, on a connection of its own. A library would hold each message whole, and once more in parts:
 * here what comes is passed on as it comes.
 */
export class Call {
  /** How it ended; never rejected. */
  readonly ended: Promise<Ending>
  readonly #listener: CallListener
  readonly #resolve: (ending: Ending) => void
  readonly #session: ClientHttp2Session | undefined
  #stream: ClientHttp2Stream | undefined
  #timer: NodeJS.Timeout | undefined
  #silence: NodeJS.Timeout | undefined

  /** @param address `HOST:PORT` */
  constructor(address: string, access: Access, listener: CallListener) {
    this.#listener = listener
    const { promise, resolve } = Promise.withResolvers<Ending>()
    this.ended = promise
    this.#resolve = resolve
    try {
      const headers = headersOf(access)
      const url = new URL(`${access.tls ? 'https' : 'http'}://${address}`)
      const session = connect(url, {
        settings: { enablePush: false, initialWindowSize: WINDOW },
        ...tlsOf(access, url.hostname.replace(/^\[(.*)\]$/, '$1')),
      })
      this.#session = session
      this.#timer = setTimeout(() => this.end(CODE.UNAVAILABLE, `no connection within ${DIAL / 1000} s`), DIAL)
      session.on('error', error => this.end(CODE.UNAVAILABLE, reasonOf(error)))
      session.on('close', () => this.end(CODE.UNAVAILABLE, 'the connection was closed'))
      session.on('goaway', code => {
        if (code === constants.NGHTTP2_NO_ERROR) this.end(CODE.GOING_AWAY, 'the connection has lasted long enough')
      })
      session.once('connect', () => this.#open(session, headers))
    } catch (error) {
      this.end(CODE.UNAVAILABLE, (error as Error).message)
    }
  }

  #open(session: ClientHttp2Session, headers: Readonly<Record<string, string>>): void {
    session.setLocalWindowSize(WINDOW)
    clearTimeout(this.#timer)
    this.#timer = setInterval(() => this.#ping(session), PING[0])
    this.#silence = setTimeout(() => this.end(CODE.UNAVAILABLE, `no response within ${FIRST / 1000} s`), FIRST)
    this.#stream = session
      .request({ ...headersOfCall(METHOD), ...headers })
      .on('response', answer => this.#begin(answer))
      .on('trailers', trailers => this.#takeStatus(trailers))
      .once('data', () => clearTimeout(this.#silence))
      .on('data', (chunk: Buffer) => this.#listener.data(chunk))
      .on('error', error => this.end(CODE.UNAVAILABLE, reasonOf(error)))
      .on('close', () => this.end(CODE.UNAVAILABLE, 'the stream was closed'))
    this.#listener.connected()
  }

  #ping(session: ClientHttp2Session): void {
    const late = setTimeout(() => this.end(CODE.UNAVAILABLE, `no answer to a ping within ${PING[1] / 1000} s`), PING[1])
    session.ping(error => {
      clearTimeout(late)
      if (!error) this.#listener.heard()
    })
  }

  #begin(answer: IncomingHttpHeaders): void {
    const status = Number(answer[':status'])
    if (status !== 200) this.end(CODE.UNIMPLEMENTED, `HTTP status ${status}`)
    // A call that is refused at once is answered with trailers alone.
    this.#takeStatus(answer)
    this.#listener.heard()
  }

  #takeStatus(headers: IncomingHttpHeaders): void {
    const status = statusOf(headers)
    if (status) this.end(status.code, status.message)
  }

  send(message: Buffer): void {
    this.#stream?.write(frame(message))
  }

  /** Ends it, unless it has ended. */
  end(code: number, message: string): void {
    clearTimeout(this.#silence)
    clearTimeout(this.#timer)
    clearInterval(this.#timer)
    this.#resolve({ code, message })
    this.#session?.destroy()
  }
}
