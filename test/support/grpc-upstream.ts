/** A server of DNS over gRPC that answers as its script says, and misbehaves where the script does. */
import { once } from 'node:events'
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { readPacket, writePacket } from '#src/grpc/dns-service.ts'
import { frame } from '#src/grpc/frames.ts'

/** What is answered with; undefined where the script sees to the stream itself, or there is to be no answer. */
export type GrpcScript = (message: Buffer, stream: ServerHttp2Stream) => Uint8Array | undefined | Promise<Uint8Array | undefined>

export class GrpcUpstream implements AsyncDisposable {
  script: GrpcScript
  /** Every message so far. */
  readonly seen: Buffer[] = []
  /** Those that came with them. */
  readonly headers: IncomingHttpHeaders[] = []
  /** Connections so far. */
  connections = 0
  readonly #server: Http2Server
  readonly #sessions = new Set<ServerHttp2Session>()
  #changed = Promise.withResolvers<void>()

  /** @param listen a port, any free one when nothing is said, or the path of a socket */
  static async start(
    script: GrpcScript,
    { tls, listen = 0 }: { tls?: TlsOptions; listen?: number | string } = {},
  ): Promise<GrpcUpstream> {
    const server = tls ? createSecureServer(tls) : createServer()
    const upstream = new GrpcUpstream(script, server as Http2Server)
    if (typeof listen === 'string') server.listen(listen)
    else server.listen(listen, '127.0.0.1')
    await once(server, 'listening')
    return upstream
  }

  private constructor(script: GrpcScript, server: Http2Server) {
    this.script = script
    this.#server = server
    server
      .on('session', session => {
        this.connections++
        this.#sessions.add(session)
        session.on('error', () => {}).once('close', () => this.#sessions.delete(session))
      })
      .on(
        'stream',
        (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
          void this.#answer(
            stream.on('error', () => {}),
            headers,
          ),
      )
      .on('tlsClientError', () => {})
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sessions.size
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get to(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Fulfilled when so many messages have come. */
  async saw(count: number): Promise<void> {
    while (this.seen.length < count) await this.#changed.promise
  }

  async #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const packet = Buffer.concat(await stream.toArray().catch(() => []))
    if (packet.length < 5) return
    const message = readPacket(packet.subarray(5))
    this.seen.push(message)
    this.headers.push(headers)
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
    const reply = await this.script(message, stream)
    if (reply) respond(stream, frame(writePacket(reply)))
  }

  /** Sends GOAWAY over every connection. */
  goAway(): void {
    for (const session of this.#sessions) session.goaway()
  }

  /** Cuts every connection. */
  disconnect(): void {
    for (const session of this.#sessions) session.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.disconnect()
    await closed
  }
}

/** What a call is answered with, and its status. */
export function respond(
  stream: ServerHttp2Stream,
  octets: Uint8Array,
  status: Readonly<Record<string, string>> = { 'grpc-status': '0' },
): undefined {
  if (stream.closed) return
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers(status))
  stream.end(octets)
}

/** A call is answered with a status alone. */
export function refuse(stream: ServerHttp2Stream, status: Readonly<Record<string, string>>): undefined {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...status }, { endStream: true })
}
