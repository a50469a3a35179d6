/** A server of DNS over gRPC that answers as its script says, and misbehaves where the script does. */
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { readPacket, writePacket } from '#src/grpc/dns-service.ts'
import { GrpcServer, type ListenOptions, listening } from './grpc-server.ts'

/** What is answered with; undefined where the script sees to the stream itself, or there is to be no answer. */
export type GrpcScript = (message: Buffer, stream: ServerHttp2Stream) => Uint8Array | undefined | Promise<Uint8Array | undefined>

export class GrpcUpstream extends GrpcServer {
  script: GrpcScript
  /** Every message so far. */
  readonly seen: Buffer[] = []
  /** Those that came with them. */
  readonly headers: IncomingHttpHeaders[] = []
  #changed = Promise.withResolvers<void>()

  static async start(script: GrpcScript, options: ListenOptions = {}): Promise<GrpcUpstream> {
    return new GrpcUpstream(script, await listening(options))
  }

  private constructor(script: GrpcScript, server: Http2Server) {
    super(server)
    this.script = script
  }

  /** Fulfilled when so many messages have come. */
  async saw(count: number): Promise<void> {
    while (this.seen.length < count) await this.#changed.promise
  }

  protected async answer(
    packet: Buffer,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ): Promise<Uint8Array | undefined> {
    const message = readPacket(packet)
    this.seen.push(message)
    this.headers.push(headers)
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
    const reply = await this.script(message, stream)
    return reply && writePacket(reply)
  }
}
