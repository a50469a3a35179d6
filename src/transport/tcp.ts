import { once } from 'node:events'
import { type AddressInfo, createServer, isIPv6 } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Connection, Connections } from './stream.ts'
import type { Listening, Opening, Receive } from './transport.ts'

/**
 * Serves one TCP address.
 * @param port 0 for any free one
 * @throws a system error, such as EADDRINUSE
 */
export async function listenTcp(
  address: string,
  port: number,
  receive: Receive,
  connections: Connections,
  { shared = false }: Opening = {},
): Promise<Listening> {
  const open = new Set<Connection>()
  const server = createServer({ allowHalfOpen: true }, socket => {
    const connection = connections.serve(socket, receive)
    if (!connection) return
    open.add(connection)
    socket.once('close', () => open.delete(connection))
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
