import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Above well-known ports, and below those that Linux gives to sockets that name none: one of these could take it before the server does. */
const [FIRST, END] = [10_000, 32_768]

/** A port of 127.0.0.1 that nobody uses now, neither for TCP nor for UDP, for servers that cannot say which one they took. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (END - FIRST))
    const tcp = createServer().listen(port, '127.0.0.1')
    const udp = createSocket('udp4').bind(port, '127.0.0.1')
    const taken = await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]).then(
      () => false,
      () => true,
    )
    tcp.close()
    udp.close()
    if (!taken) return port
  }
}
