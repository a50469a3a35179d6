import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Client } from '../dns/query.ts'
import type { Listening, Receive } from './transport.ts'

/** The kernel's default of 212,992 octets holds some 280 small queries; a burst is longer. */
const RECEIVE_BUFFER = 4 << 20

/** Addresses come as numbers already; the default would go through dns.lookup and a tick of the event loop for each reply. */
const lookup = ((address: string, _family: number, done: (error: Error | null, address: string, family: number) => void) =>
  done(null, address, isIPv6(address) ? 6 : 4)) as unknown as NonNullable<Parameters<typeof createSocket>[0] & object>['lookup']

/**
 * Serves one UDP address.
 * @param port 0 for any free one
 * @throws a system error, such as EADDRINUSE
 */
export async function listenUdp(address: string, port: number, receive: Receive): Promise<Listening> {
  const type = isIPv6(address) ? 'udp6' : 'udp4'
  const socket = createSocket({ type, ipv6Only: type === 'udp6', lookup })
  const listening = once(socket, 'listening')
  socket.bind({ address, port, exclusive: true })
  await listening
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER)
  } catch {
    // The kernel's limit holds; smaller bursts fit.
  }

  let received = 0
  let owed = 0
  const send = (reply: Uint8Array, { address, port }: RemoteInfo) => socket.send(reply, port, address, ignoreError)
  socket.on('message', (message, info) => {
    received++
    const reply = receive(message, clientOf(info))
    if (reply === undefined) return
    if (!(reply instanceof Promise)) return send(reply, info)
    owed++
    reply.then(bytes => send(bytes, info)).finally(() => owed--)
  })
  // ICMP errors that earlier replies brought; the client is gone, nobody else is concerned.
  socket.on('error', ignoreError)

  const bound = socket.address()
  return {
    address,
    port: bound.port,
    close: () =>
      drain(
        socket,
        () => received,
        () => owed,
      ),
  }
}

const ignoreError = () => {}

const clientOf = ({ address, port, family }: RemoteInfo): Client => ({
  address: address.includes('%') ? address.slice(0, address.indexOf('%')) : address,
  port,
  family: family === 'IPv6' ? 6 : 4,
})

/** Reads until nothing more is queued and nothing is owed: a query that the kernel took is answered. */
async function drain(socket: Socket, received: () => number, owed: () => number): Promise<void> {
  let before: number
  do {
    before = received()
    await nextTurn()
    await nextTurn()
  } while (received() !== before || owed() > 0)
  // Sends that the kernel did not take at once are still with the socket.
  while (socket.getSendQueueCount() > 0) await nextTurn()
  socket.close()
  await once(socket, 'close')
}
