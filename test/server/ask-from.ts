/** Asks as the pairs `FROM,TO` of the command line say, from sockets that hear TO only, and prints the length of each reply, 0 for none. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { queryMessage } from '#test/support/message.ts'

for (const pair of process.argv.slice(2)) {
  const [from = '', to = ''] = pair.split(',')
  const socket = createSocket(isIPv6(to) ? 'udp6' : 'udp4')
  socket.bind(0, from)
  await once(socket, 'listening')
  socket.connect(53, to)
  await once(socket, 'connect')
  socket.send(queryMessage('example.org', 'A'))
  const [reply] = await once(socket, 'message', { signal: AbortSignal.timeout(2000) }).catch(() => [''])
  process.stdout.write(`${pair} ${reply.length}\n`)
  socket.close()
}
