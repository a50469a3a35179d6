import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Stands before a server on 127.0.0.1, and loses connections when it is told to. */
export class TcpProxy implements AsyncDisposable {
  readonly port: number
  /** Connections so far. */
  connections = 0
  /** Whether it takes connections. */
  open = true
  readonly #server: Server
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>()

  static async start(target: number): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TcpProxy(server, target)
  }

  private constructor(server: Server, target: number) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', client => {
      this.connections++
      if (!this.open) {
        client.destroy()
        return
      }
      const upstream = connect(target, '127.0.0.1')
      const pair = [client, upstream] as const
      this.#pairs.add(pair)
      for (const [from, to] of [pair, [upstream, client] as const]) {
        from.pipe(to)
        from.on('error', () => to.destroy())
        from.on('close', () => {
          to.destroy()
          this.#pairs.delete(pair)
        })
      }
    })
  }

  /** Ends every connection that is open now. */
  cut(): void {
    for (const [client] of this.#pairs) client.destroy()
  }

  /** Lets nothing more through on the oldest connections that are open now; all of them stay open. @param count of all, by default */
  mute(count = this.#pairs.size): void {
    for (const [client, upstream] of this.#pairs.values().take(count)) {
      client.unpipe(upstream).pause()
      upstream.unpipe(client).pause()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.cut()
    await once(this.#server, 'close')
  }
}
