import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Connection } from '#src/transport/connection.ts'
import { Connections, clientOf, STREAM_LIMITS, type StreamLimits } from '#src/transport/stream.ts'
import { type Outgoing, type Receive, written } from '#src/transport/transport.ts'
import { TcpClient } from '#test/support/client.ts'
import { until } from '#test/support/waiting.ts'

/** A port on 127.0.0.1 whose connections are served within given bounds; both ends are open to the test. */
export class StreamServer implements AsyncDisposable {
  readonly connections: Connections
  /** The server's ends, in the order of their coming; those that were turned away included. */
  readonly sockets: Socket[] = []
  readonly served: (Connection | undefined)[] = []
  readonly #server: Server

  constructor(server: Server, receive: Receive, limits: StreamLimits) {
    this.#server = server
    this.connections = new Connections(limits)
    server.on('connection', socket => {
      this.sockets.push(socket)
      this.served.push(this.connections.admit(socket) ? this.connections.serve(socket, clientOf(socket), receive) : undefined)
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** A client whose connection the server has taken, and the server's end of it. */
  async connect(): Promise<{ client: TcpClient; socket: Socket; connection: Connection | undefined }> {
    const client = new TcpClient({ port: this.port })
    await once(this.#server, 'connection')
    return { client, socket: this.sockets.at(-1)!, connection: this.served.at(-1) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

export async function serveStreams(receive: Receive, limits: Partial<StreamLimits> = {}): Promise<StreamServer> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return new StreamServer(server, receive, { ...STREAM_LIMITS, ...limits })
}

/** Replies that come when the test says so. */
export class HeldReplies implements Disposable {
  readonly #held: { message: Buffer; reply: PromiseWithResolvers<Outgoing> }[] = []
  #changed = Promise.withResolvers<void>()

  readonly receive: Receive = message => {
    const reply = Promise.withResolvers<Outgoing>()
    this.#held.push({ message: Buffer.from(message), reply })
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
    return reply.promise
  }

  /** How many messages came so far. */
  get count(): number {
    return this.#held.length
  }

  async came(count: number): Promise<void> {
    await until(
      () => this.count >= count,
      () => this.#changed.promise,
    )
  }

  /** Sends the message back that came as number `i`. */
  release(i: number): void {
    const { message, reply } = this.#held[i]!
    reply.resolve(written(message))
  }

  /** Sends all, for who still waits for them. */
  [Symbol.dispose](): void {
    for (const i of this.#held.keys()) this.release(i)
  }
}
