import { once } from 'node:events'
import { type AddressInfo, createServer, isIPv6, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Client } from '../dns/query.ts'
import { Beginnings } from './beginnings.ts'
import { type Connections, clientOf } from './stream.ts'
import type { Listening, Opening, Receive } from './transport.ts'

/** Connections that the kernel keeps until they are accepted: what Node asks for. */
const BACKLOG = 511

/** What is spoken over the connections of a listener. */
export interface Spoken {
  /** Serves a connection that was admitted, and is of this client. */
  take(socket: Socket, client: Client): void
  /** Lets every connection answer what it owes, and end. */
  end(): void
}

/** A protocol whose connections `serve` handles. `end` lets each of them answer what it owes, and close. */
export function spokenBy(serve: (socket: Socket, client: Client) => { end(): void }): Spoken {
  const open = new Set<{ end(): void }>()
  return {
    take(socket, client) {
      const connection = serve(socket, client)
      open.add(connection)
      socket.once('close', () => open.delete(connection))
    },
    end() {
      for (const connection of open) connection.end()
    },
  }
}

/** Messages with their length in front. */
export const framed = (connections: Connections, receive: Receive, { limits }: Opening = {}): Spoken =>
  spokenBy((stream, client) => connections.serve(stream, client, receive, limits?.()))

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
  opening?: Opening,
): Promise<Listening> => listenStream(address, port, framed(connections, receive, opening), connections, opening)

/** Serves one TCP address with what is spoken over TCP. */
export async function listenStream(
  address: string,
  port: number,
  spoken: Spoken,
  connections: Connections,
  { shared = false, held, headers, limits }: Opening = {},
): Promise<Listening> {
  const beginnings = new Beginnings(connections, spoken)
  let accepted = 0
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    accepted++
    const inFront = headers?.()
    if (inFront) beginnings.take(socket, inFront, held, limits?.().read)
    else if (connections.admit(socket, held)) spoken.take(socket, clientOf(socket))
  })
  server.listen({ host: address, port, ipv6Only: isIPv6(address), exclusive: true, reusePort: shared })
  await once(server, 'listening')
  // EMFILE and the like: the connection is lost, the listener is not.
  server.on('error', () => {})
  return {
    address,
    port: (server.address() as AddressInfo).port,
    async close() {
      // Node accepts one connection a turn; the kernel resets those that wait when the listener closes.
      for (let turn = 0, before = -1; accepted > before && turn < BACKLOG; turn++) {
        before = accepted
        await nextTurn()
        await nextTurn()
      }
      const closed = once(server, 'close')
      server.close()
      // What has arrived is read before the connections end.
      await nextTurn()
      await nextTurn()
      beginnings.end()
      spoken.end()
      await closed
    },
  }
}
