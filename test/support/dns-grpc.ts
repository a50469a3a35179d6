/** DNS over gRPC, spoken by the usual library of gRPC. */
import { type CallOptions, ChannelCredentials, Client, Metadata, type ServiceError } from '@grpc/grpc-js'
import { QUERY, readPacket, writePacket } from '#src/grpc/dns-service.ts'

const raw = (octets: Buffer): Buffer => octets

/** What a call came to: a reply, or a status. */
export interface Outcome {
  readonly code: number
  readonly details: string
  readonly message: Buffer
}

/** All its calls go over one connection. */
export class GrpcClient implements Disposable {
  readonly #client: Client

  /** @param ca PEM, of a server that is `dns.example.org`; in the clear without it */
  constructor(port: number, { ca, cert, key }: { ca?: string; cert?: string; key?: string } = {}) {
    const buffer = (text: string | undefined) => (text === undefined ? null : Buffer.from(text))
    const credentials = ca
      ? ChannelCredentials.createSsl(buffer(ca), buffer(key), buffer(cert))
      : ChannelCredentials.createInsecure()
    // Without the first, the connections of one process are shared; without the second, the name in the handshake is an address.
    this.#client = new Client(`127.0.0.1:${port}`, credentials, {
      'grpc.use_local_subchannel_pool': 1,
      ...(ca && { 'grpc.ssl_target_name_override': 'dns.example.org' }),
    })
  }

  /** Never rejects. */
  ask(message: Uint8Array, options: CallOptions = {}, path = QUERY, metadata = new Metadata()): Promise<Outcome> {
    return new Promise(resolve => {
      this.#client.makeUnaryRequest(
        path,
        raw,
        raw,
        writePacket(message),
        metadata,
        options,
        (error: ServiceError | null, packet?: Buffer) => {
          if (error) resolve({ code: error.code, details: error.details, message: Buffer.alloc(0) })
          else resolve({ code: 0, details: '', message: readPacket(packet!) })
        },
      )
    })
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }
}
