/** A collector, of Zipkin unless it reads something else: keeps what it is sent. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from '#test/support/certificates.ts'
import { until } from '#test/support/waiting.ts'

export interface Span {
  readonly timestamp: number
  readonly duration: number
  readonly traceId: string
  readonly id: string
  readonly parentId?: string
  readonly debug?: boolean
  readonly name: string
  readonly kind?: string
  readonly shared?: boolean
  readonly localEndpoint: Readonly<Record<string, unknown>>
  readonly annotations?: readonly { readonly timestamp: number; readonly value: string }[]
  readonly tags?: Readonly<Record<string, string>>
}

const byTime = (one: Span, other: Span) => one.timestamp - other.timestamp

export class Collector implements AsyncDisposable {
  readonly requests: { method: string; path: string; headers: IncomingHttpHeaders; spans: Span[] }[] = []
  /** How many came, and how many are there. */
  connections = 0
  open = 0
  /** Reads the spans of a request. @throws what is wrong with it, which is answered with status 400 */
  read: (body: string) => Span[] = JSON.parse
  /** How it answers. */
  status = 202
  headers: Readonly<Record<string, string>> = {}
  body = 'thanks'
  /** What it waits for before it answers. */
  held: Promise<unknown> = Promise.resolve()
  readonly #server: Server
  /** What was wrong with a request. */
  #fault: Error | undefined
  #changed = Promise.withResolvers<void>()

  /** @param certificate for one of HTTPS */
  static async start(port = 0, certificate?: Certificate): Promise<Collector> {
    const collector = new Collector(certificate ? createSecureServer(certificate) : createServer())
    collector.#server.listen(port, '127.0.0.1')
    await once(collector.#server, 'listening')
    return collector
  }

  private constructor(server: Server) {
    this.#server = server
    server.keepAliveTimeout = 60_000
    server.on('connection', socket => {
      this.connections++
      this.open++
      socket.once('close', () => this.open--)
    })
    server.on('request', async (request, response) => {
      const body = Buffer.concat(await request.toArray())
      const { method, url, headers } = request
      let { status } = this
      let spans: Span[] = []
      try {
        spans = this.read(`${body}`)
      } catch (error) {
        this.#fault = error as Error
        status = 400
      }
      this.requests.push({ method: method!, path: url!, headers, spans })
      this.#changed.resolve()
      this.#changed = Promise.withResolvers()
      await this.held
      response.writeHead(status, this.headers).end(this.body)
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get to(): string {
    return `127.0.0.1:${this.port}`
  }

  get spans(): Span[] {
    return this.requests.flatMap(({ spans }) => spans)
  }

  /** Waits until so many requests, or so many whole traces, have come. @throws what was wrong with one */
  async has(count: number, of: 'requests' | 'traces' = 'traces'): Promise<void> {
    await until(
      () => {
        if (this.#fault) throw this.#fault
        return (of === 'requests' ? this.requests : this.spans.filter(({ kind }) => kind === 'SERVER')).length >= count
      },
      () => this.#changed.promise,
    )
  }

  /** What was sent last of so many queries, one line for a span: those below others behind them, with what they tell. */
  async trees(count: number): Promise<string[]> {
    await this.has(count)
    const roots = this.spans.filter(({ kind }) => kind === 'SERVER')
    return roots.sort(byTime).map(root => this.#tree(root, 0))
  }

  #tree(span: Span, depth: number): string {
    const { name, kind, shared, debug, tags, annotations, localEndpoint } = span
    const told = {
      kind,
      shared,
      debug,
      tags: tags && Object.fromEntries(Object.entries(tags).sort()),
      annotations: annotations?.map(({ value }) => value),
      localEndpoint,
    }
    const below = this.spans.filter(
      ({ traceId, parentId, id }) => traceId === span.traceId && parentId === span.id && id !== span.id,
    )
    const trees = below.sort(byTime).map(child => this.#tree(child, depth + 1))
    return [`${'  '.repeat(depth)}${name} ${JSON.stringify(told)}`, ...trees].join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
