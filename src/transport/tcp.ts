import { once } from 'node:events'
import { type AddressInfo, createServer, isIPv6, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Connection, Connections } from './stream.ts'
import type { Listening, Opening, Receive } from './transport.ts'

/**
 * Serves one TCP address.
 * @param port 0 for any free one
 * @throws a system error, such as EADDRINUSE
 */
export const listenTcp = (
  address: string,
  port: number,
  receive: Receive,
  connections: Connections,
  opening: Opening = {},
): Promise<Listening> => listenStream(address, port, receive, connections, serve => serve, opening)

/**
 * Serves one address of what is spoken over TCP.
 * @param over gives what takes a socket, and has the stream of messages that comes over it served
 */
export async function listenStream(
  address: string,
  port: number,
  receive: Receive,
  connections: Connections,
  over: (serve: (stream: Socket) => void) => (socket: Socket) => void,
  { shared = false }: Opening,
): Promise<Listening> {
  const open = new Set<Connection>()
  const serve = (stream: Socket) => {
    const connection = connections.serve(stream, receive)
    open.add(connection)
    stream.once('close', () => open.delete(connection))
  }
  const take = over(serve)
  const server = createServer({ allowHalfOpen: true }, socket => {
    if (connections.admit(socket)) take(socket)
  })
  server.listen({ host: address, port, ipv6Only: isIPv6(address), exclusive: true, reusePort: shared })
  await once(server, 'listening')
  // EMFILE and the like: the connection is lost, the listener is not.
  server.on('error', () => {})
  return {
    address,
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      // What has arrived is read before the connections end.
      await nextTurn()
      await nextTurn()
      for (const connection of open) connection.end()
      await closed
    },
  }
}
