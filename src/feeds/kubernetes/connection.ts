import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { type Access, type AccessSource, Credentials } from './access.ts'
import { Http1 } from './http1.ts'
import { Http2 } from './http2.ts'
import { type Response, type Transport, Unseen } from './transport.ts'

/** Milliseconds for a connection to stand, TLS included. */
const DIAL = 10_000

const AGENT = 'istio-coredns'

/** Told of every request: the server's host and port, the status code or `<error>`, and the seconds until that was known. */
export type RequestObserver = (host: string, code: string, seconds: number) => void

/** The API server of one cluster: keeps connections, and shows who asks. */
export class Connection {
  onRequest: RequestObserver = () => {}
  readonly #credentials: Credentials
  readonly #silence: number
  #transport: { readonly identity: string; readonly opened: Promise<Transport> } | undefined

  /** @param silence milliseconds after which a server that says nothing is given up */
  constructor(source: AccessSource, silence: number) {
    this.#credentials = new Credentials(source)
    this.#silence = silence
  }

  /**
   * @param path with the query
   * @param accept the content types to choose from
   * @throws {Error} no answer came
   */
  async get(path: string, accept: string, signal: AbortSignal): Promise<Response> {
    const access = await this.#credentials.get()
    const response = await this.#ask(access, path, accept, signal)
    if (response.status !== 401) return response
    response.body.destroy()
    return this.#ask(await this.#credentials.renew(access), path, accept, signal)
  }

  async #ask(access: Access, path: string, accept: string, signal: AbortSignal, tries = 3): Promise<Response> {
    // Nobody would close a connection that is opened for what has ended meanwhile.
    signal.throwIfAborted()
    const begun = performance.now()
    const tell = (code: string) => this.onRequest(new URL(access.server).host, code, (performance.now() - begun) / 1000)
    try {
      const transport = await this.#open(access)
      const response = await transport.get(path, { 'user-agent': AGENT, accept, ...access.headers }, signal)
      tell(`${response.status}`)
      return response
    } catch (error) {
      tell('<error>')
      if (!(error instanceof Unseen) || tries === 1) throw error
      return this.#ask(access, path, accept, signal, tries - 1)
    }
  }

  /** The transport, a new one where it has ended, or trusts or shows what it is no longer to. */
  async #open(access: Access): Promise<Transport> {
    const identity = JSON.stringify([access.server, access.tls])
    const held = this.#transport
    if (held?.identity === identity) {
      const transport = await held.opened
      if (transport.open) return transport
      // Whoever finds it ended first opens another one for all.
      if (this.#transport !== held) return this.#open(access)
    }
    this.close()
    const opened = dial(access, this.#silence)
    this.#transport = { identity, opened }
    opened.catch(() => {
      this.#credentials.doubt()
      if (this.#transport?.opened === opened) this.#transport = undefined
    })
    return opened
  }

  /** Requests that run go on until they end. */
  close(): void {
    this.#transport?.opened.then(
      transport => transport.retire(),
      () => {},
    )
    this.#transport = undefined
  }
}

async function dial(access: Access, silence: number): Promise<Transport> {
  const url = new URL(access.server)
  if (url.protocol === 'http:') return new Http1(access, silence)
  const socket = await dialSecurely(url, access)
  if (socket.alpnProtocol === 'h2') return new Http2(access.server, socket, silence)
  socket.destroy()
  return new Http1(access, silence)
}

function dialSecurely({ hostname, port }: URL, { tls }: Access): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const socket = connect({
    host,
    port: Number(port || 443),
    ALPNProtocols: ['h2', 'http/1.1'],
    ...(isIP(host) === 0 && { servername: host }),
    ...tls,
  })
  socket.setTimeout(DIAL, () => socket.destroy(new Error(`no connection to ${host}:${port} within ${DIAL / 1000} s`)))
  socket.once('secureConnect', () => {
    socket.setTimeout(0)
    socket.off('error', reject)
    resolve(socket)
  })
  socket.once('error', reject)
  return promise
}
