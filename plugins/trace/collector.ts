import * as http from 'node:http'
import * as https from 'node:https'
import { finished } from 'node:stream/promises'

/** Milliseconds until it has answered. */
const PATIENCE = 5000

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

  /** @param body JSON @returns the status of its response @throws why there is none */
  async post(body: string): Promise<number> {
    const { request } = this.#isSecure ? https : http
    // Proxies on the way are not to trace this in turn.
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), b3: '0' }
    const options = { method: 'POST', headers, agent: this.#agent, signal: AbortSignal.timeout(PATIENCE) }
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      request(this.#url, options, resolve).on('error', reject).end(body)
    })
    await finished(response.resume())
    return response.statusCode!
  }

  close(): void {
    this.#agent.destroy()
  }
}
