import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Client } from '../dns/query.ts'
import { type ConnectUdp, DRAIN, type Listening, type Opening, type Outgoing, octetsOf, type Receive } from './transport.ts'

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
export async function listenUdp(
  address: string,
  port: number,
  receive: Receive,
  { shared = false }: Opening = {},
): Promise<Listening> {
  const type = isIPv6(address) ? 'udp6' : 'udp4'
  const socket = createSocket({ type, ipv6Only: type === 'udp6', reusePort: shared, lookup })
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
  let onSettled = () => {}
  const send = (reply: Outgoing, { address, port }: RemoteInfo) => socket.send(octetsOf(reply), port, address, ignoreError)
  const take = (message: Buffer, info: RemoteInfo) => {
    received++
    const reply = receive(message, clientOf(info))
    if (reply === undefined) return
    if (!('then' in reply)) return send(reply, info)
    owed++
    reply.then(late => {
      if (late) send(late, info)
      owed--
      if (owed === 0) onSettled()
    })
  }
  socket.on('message', take)
  // ICMP errors about earlier replies: their client is gone, and no other is concerned.
  socket.on('error', ignoreError)

  return {
    address,
    port: socket.address().port,
    async close() {
      const enough = received + DRAIN
      let before: number
      do {
        before = received
        await nextTurn()
        await nextTurn()
      } while (received !== before && received < enough)
      socket.off('message', take)
      if (owed > 0) await new Promise<void>(resolve => (onSettled = resolve))
      // Sends that the kernel did not take at once are still with the socket.
      while (socket.getSendQueueCount() > 0) await nextTurn()
      socket.close()
      await once(socket, 'close')
    },
  }
}

const ignoreError = () => {}

const clientOf = ({ address, port, family }: RemoteInfo): Client => ({
  address: address.includes('%') ? address.slice(0, address.indexOf('%')) : address,
  port,
  family: family === 'IPv6' ? 6 : 4,
})

export const connectUdp: ConnectUdp = ({ address, port, source }, events) => {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', lookup })
  const fail = (error: Error | null) => {
    if (error) events.failed(error)
  }
  socket.on('message', message => events.received(message))
  socket.on('error', fail)
  if (source !== undefined) socket.bind({ address: source, exclusive: true })
  socket.connect(port, address)
  return {
    local() {
      try {
        const { address, port } = socket.address()
        return { address, port }
      } catch {
        return undefined
      }
    },
    send(datagram) {
      try {
        socket.send(octetsOf(datagram), fail)
      } catch {
        // It is not connected; the event that says why is on its way.
      }
    },
    close: () => socket.close(),
  }
}
