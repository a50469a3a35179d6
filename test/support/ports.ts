import { once } from 'node:events'
import { createServer } from 'node:net'

/** Above well-known ports, and below those that Linux gives to sockets that name none: one of these could take it before the server does. */
const [FIRST, END] = [10_000, 32_768]

/** A TCP port that is free on 127.0.0.1, for servers that cannot say which one they took. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (END - FIRST))
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch {
      continue
    }
    server.close()
    await once(server, 'close')
    return port
  }
}
