import * as http from 'node:http'
import * as https from 'node:https'

/** Milliseconds until it has answered. */
const PATIENCE = 5000
/** Octets that are kept of what it says. */
const MOST_TEXT = 4096

export interface Response {
  readonly status: number
  /** Milliseconds until it wants to be asked again; 0 where it does not say. */
  readonly retryAfter: number
  readonly body: string
}

/** Takes what is sent, over one connection that is kept: in less time than `fetch` needs, and in far less memory. */
export class Collector {
  readonly #url: URL
  readonly #agent: http.Agent

  /** @param url of HTTP or HTTPS */
  constructor(url: string) {
    this.#url = new URL(url)
    const { Agent } = this.#isSecure ? https : http
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 })
  }

  get #isSecure(): boolean {
    return this.#url.protocol === 'https:'
  }

  /** @param body JSON @throws why there is no response */
  async post(body: string): Promise<Response> {
    const { request } = this.#isSecure ? https : http
    // Proxies on the way are not to trace this in turn.
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), b3: '0' }
    const options = { method: 'POST', headers, agent: this.#agent, signal: AbortSignal.timeout(PATIENCE) }
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      request(this.#url, options, resolve).on('error', reject).end(body)
    })
    let text = ''
    response.setEncoding('utf8')
    for await (const chunk of response) if (text.length < MOST_TEXT) text += chunk
    return { status: response.statusCode!, retryAfter: millisecondsOf(response.headers['retry-after']), body: text }
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** `Retry-After`, which is a time or a number of seconds (RFC 9110 §10.2.3). */
function millisecondsOf(header: string | undefined): number {
  if (header === undefined) return 0
  const milliseconds = /^\d+$/.test(header) ? 1000 * Number(header) : Date.parse(header) - Date.now()
  return milliseconds > 0 ? milliseconds : 0
}
