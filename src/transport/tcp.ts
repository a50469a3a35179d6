import { once } from 'node:events'
import { type AddressInfo, createServer, isIPv6 } from 'node:net'
import type { Connection, Connections } from './stream.ts'
import type { Listening, Receive } from './transport.ts'

/**
 * Serves one TCP address.
 * @param port 0 for any free one
 * @throws a system error, such as EADDRINUSE
 */
export async function listenTcp(address: string, port: number, receive: Receive, connections: Connections): Promise<Listening> {
  const open = new Set<Connection>()
  const server = createServer({ allowHalfOpen: true }, socket => {
    const connection = connections.serve(socket, receive)
    if (!connection) return
    open.add(connection)
    socket.once('close', () => open.delete(connection))
  })
  server.listen({ host: address, port, ipv6Only: isIPv6(address), exclusive: true })
  await once(server, 'listening')
  // EMFILE and the like: the connection is lost, the listener is not.
  server.on('error', () => {})
  return {
    address,
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      for (const connection of open) connection.end()
      if (open.size > 0) await once(server, 'close')
    },
  }
}
