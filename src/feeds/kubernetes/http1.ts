import type * as http from 'node:http'
import type { Access } from './access.ts'
import { type Response, Silent, secondsOf, type Transport } from './transport.ts'

// `import 'node:http'` would load undici with it, which takes 15 MB.
const { Agent: PlainAgent, request: plain } = process.getBuiltinModule('node:http')
const { Agent: SecureAgent, request: secure } = process.getBuiltinModule('node:https')

/**
 * HTTP/1.1, for servers without TLS or without HTTP/2. Such a connection cannot be asked whether it still stands while an answer is
 * under way, so one that is silent for a while is given up; a watch goes on in another one where it was.
 */
export class Http1 implements Transport {
  readonly open = true
  readonly #server: string
  readonly #agent: http.Agent
  readonly #silence: number

  /** @param silence milliseconds */
  constructor({ server, tls }: Access, silence: number) {
    this.#server = server
    this.#silence = silence
    this.#agent = server.startsWith('https:') ? new SecureAgent({ keepAlive: true, ...tls }) : new PlainAgent({ keepAlive: true })
  }

  get(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const request = this.#server.startsWith('https:') ? secure : plain
    const sent = request(this.#server + path, { agent: this.#agent, headers, signal, timeout: this.#silence })
    const silent = () => new Silent(`no word from the API server for ${this.#silence / 1000} s`)
    sent.on('timeout', () => sent.destroy(silent()))
    sent.on('response', response => {
      sent.removeAllListeners('timeout').on('timeout', () => response.destroy(silent()))
      resolve({
        status: response.statusCode ?? 0,
        type: response.headers['content-type'] ?? '',
        retryAfter: secondsOf(response.headers['retry-after']),
        body: response,
        heard: () => Number.NEGATIVE_INFINITY,
      })
    })
    sent.on('error', reject)
    sent.end()
    return promise
  }

  retire(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
  }
}
