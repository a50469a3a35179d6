import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Above well-known ports, and below those that Linux gives to sockets that name none: one of these could take it before the server does. */
const [FIRST, END] = [10_000, 32_768]
/** A process takes ports from blocks of its own, whose first port it holds: test files that run at the same time share none. */
const BLOCK = 64

/** Of the block that was taken last. */
let [next, end] = [0, 0]

/** A port of 127.0.0.1 that nobody uses now, neither for TCP nor for UDP, for servers that cannot say which one they took. Each is given once. */
export async function freePort(): Promise<number> {
  for (;;) {
    while (next === end) await takeBlock()
    const port = next++
    const tcp = createServer().listen(port, '127.0.0.1')
    const udp = createSocket('udp4').bind(port, '127.0.0.1')
    const isFree = (await Promise.all([tcp, udp].map(listens))).every(Boolean)
    tcp.close()
    udp.close()
    if (isFree) return port
  }
}

async function takeBlock(): Promise<void> {
  for (;;) {
    const first = FIRST + BLOCK * Math.floor((Math.random() * (END - FIRST)) / BLOCK)
    if (!(await listens(createServer().listen(first, '127.0.0.1').unref()))) continue
    ;[next, end] = [first + 1, Math.min(first + BLOCK, END)]
    return
  }
}

const listens = (socket: NodeJS.EventEmitter): Promise<boolean> =>
  once(socket, 'listening').then(
    () => true,
    () => false,
  )
