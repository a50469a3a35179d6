/** DNS over HTTPS (RFC 8484) to one upstream: one HTTP/2 connection, a stream for each query. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { LONGEST_QUESTION } from '#src/forwarding/question.ts'
import { type Exchange, localOf, replyTo } from './exchange.ts'

const PATH = '/dns-query'
const CONTENT_TYPE = 'application/dns-message'
/** Queries in flight: what servers take of HTTP/2 at the least (RFC 9113 §6.5.2). */
const DEPTH = 100
const LONGEST = 65_535

interface HttpsSettings {
  readonly to: string
  /** `host:port` of the URL. */
  readonly authority: string
  readonly method: 'POST' | 'GET'
  /** Milliseconds without a query after which the connection is closed. */
  readonly expire: number
  /** Milliseconds that a query may take. */
  readonly readTimeout: number
}

export class HttpsPool {
  readonly #settings: HttpsSettings
  readonly #dial: () => TLSSocket
  #session: ClientHttp2Session | undefined
  #inFlight = 0
  #used = 0
  /** When any reply came last. */
  #heardAt = 0

  constructor(settings: HttpsSettings, dial: () => TLSSocket) {
    this.#settings = settings
    this.#dial = dial
  }

  /** @throws {Error} no connection can be made that way */
  ask(exchange: Exchange): void {
    if (this.#inFlight >= DEPTH) {
      exchange.failed(this.#error(`more than ${DEPTH} queries in flight`))
      return
    }
    const sentAt = performance.now()
    this.#used = sentAt
    const request = this.#request(exchange)
    this.#inFlight++
    let failure: string | undefined
    let contentType: string | undefined
    let length = 0
    const chunks: Buffer[] = []
    request.setTimeout(this.#settings.readTimeout, () => {
      request.destroy(new Error('i/o timeout'))
      // The connection may be dead, too; the next query opens another.
      if (this.#heardAt < sentAt) this.close()
    })
    if (exchange.sent) request.once('ready', () => exchange.sent?.(request.session && localOf(request.session.socket)))
    request.on('response', headers => {
      this.#heardAt = performance.now()
      contentType = headers['content-type']
      if (headers[':status'] === 200) return
      failure = `expected status 200, got ${headers[':status']}`
      request.destroy()
    })
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length > LONGEST) request.destroy(new Error(`body is longer than ${LONGEST} octets`))
    })
    request.on('error', error => {
      failure = error.message
    })
    request.once('close', () => {
      this.#inFlight--
      const message = Buffer.concat(chunks)
      const reply = failure === undefined ? replyTo(exchange, message) : undefined
      if (reply) exchange.answered(reply, message)
      else exchange.failed(this.#error(failure ?? `the body (${contentType}) is no reply to the question`))
    })
  }

  /** The id is 0, for the sake of HTTP caches (RFC 8484 §4.1). */
  #request(exchange: Exchange): ClientHttp2Stream {
    const octets = Buffer.allocUnsafe(LONGEST_QUESTION)
    const message = octets.subarray(0, exchange.question.write(octets, 0, 0, exchange.edns, exchange.padded))
    const session = this.#open()
    if (this.#settings.method === 'GET') {
      return session.request({ ':path': `${PATH}?dns=${message.toString('base64url')}`, accept: CONTENT_TYPE })
    }
    const request = session.request({ ':method': 'POST', ':path': PATH, accept: CONTENT_TYPE, 'content-type': CONTENT_TYPE })
    request.end(message)
    return request
  }

  #open(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session
    this.#session = connect(`https://${this.#settings.authority}`, { createConnection: this.#dial })
    // Each of its queries fails by itself.
    this.#session.on('error', () => {})
    return this.#session
  }

  #error(reason: string): Error {
    const verb = this.#settings.method === 'POST' ? 'Post' : 'Get'
    return new Error(`${verb} "https://${this.#settings.to}${PATH}": ${reason}`)
  }

  /** Closes the connection when it is idle; says whether it is left. */
  sweep(now: number): boolean {
    if (this.#inFlight === 0 && now - this.#used >= this.#settings.expire) this.close()
    return this.#session !== undefined
  }

  close(): void {
    this.#session?.destroy()
    this.#session = undefined
  }
}
