/** What servers of gRPC have in common that answer as tests want. */
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
import { frame } from '#src/grpc/frames.ts'

export interface ListenOptions {
  readonly tls?: TlsOptions
  /** A port, any free one when nothing is said, or the path of a socket. */
  readonly listen?: number | string
}

export async function listening({ tls, listen = 0 }: ListenOptions): Promise<Http2Server> {
  const server = tls ? createSecureServer(tls) : createServer()
  if (typeof listen === 'string') server.listen(listen)
  else server.listen(listen, '127.0.0.1')
  await once(server, 'listening')
  return server as Http2Server
}

export abstract class GrpcServer implements AsyncDisposable {
  /** Connections so far. */
  connections = 0
  readonly #server: Http2Server
  readonly #sessions = new Set<ServerHttp2Session>()

  constructor(server: Http2Server) {
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
          void this.#take(
            stream.on('error', () => {}),
            headers,
          ),
      )
      .on('tlsClientError', () => {})
  }

  /** The message that a call is answered with; undefined where the stream is seen to already, or there is to be no answer. */
  protected abstract answer(
    message: Buffer,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>

  async #take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const framed = Buffer.concat(await stream.toArray().catch(() => []))
    if (framed.length < 5) return
    const answer = await this.answer(framed.subarray(5), stream, headers)
    if (answer) respond(stream, frame(answer))
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
