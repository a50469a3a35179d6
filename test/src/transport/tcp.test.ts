import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Connections } from '#src/transport/stream.ts'
import { listenTcp } from '#src/transport/tcp.ts'
import { type Receive, written } from '#src/transport/transport.ts'
import { askTcp, TcpClient } from '#test/support/client.ts'
import { freePort } from '#test/support/ports.ts'
import { until } from '#test/support/waiting.ts'
import { closing } from './closing.ts'

const listen = closing(listenTcp)
const echo: Receive = message => written(Buffer.from(message))

test('what has arrived when the listener closes is answered, then the connections end', async () => {
  await using listening = await listen('127.0.0.1', 0, echo, new Connections())
  await using client = new TcpClient({ port: listening.port })
  client.send(Buffer.of(1))
  assert.deepEqual(await client.next(), Buffer.of(1))
  // The kernel has it, and this process has not looked yet.
  client.send(Buffer.of(2), Buffer.of(3))
  const closed = listening.close()
  assert.deepEqual([await client.next(), await client.next(), await client.next()], [Buffer.of(2), Buffer.of(3), undefined])
  await closed
})

test('a closed listener takes no connection', async () => {
  await using listening = await listen('127.0.0.1', 0, echo, new Connections())
  await listening.close()
  await assert.rejects(askTcp(Buffer.of(1), { port: listening.port }))
})

test('IPv6 has a socket of its own, whose port IPv4 may share; the clients are named as they are', async () => {
  const named: Receive = (_, { address, family }) => written(Buffer.from(`${address} ${family}`))
  const connections = new Connections()
  await using six = await listen('::', await freePort(), named, connections)
  await using four = await listen('0.0.0.0', six.port, named, connections)
  assert.equal(String(await askTcp(Buffer.of(1), { port: six.port, address: '::1' })), '::1 6')
  assert.equal(String(await askTcp(Buffer.of(1), { port: six.port })), '127.0.0.1 4')
  await Promise.all([six.close(), four.close()])
})

test('a port that is taken is an error', async () => {
  await using listening = await listen('127.0.0.1', 0, echo, new Connections())
  await assert.rejects(listen('127.0.0.1', listening.port, echo, new Connections()), { code: 'EADDRINUSE' })
  await listening.close()
})

test('connections of all listeners count together', async () => {
  const connections = new Connections()
  await using one = await listen('127.0.0.1', 0, echo, connections)
  await using other = await listen('127.0.0.1', 0, echo, connections)
  const clients = [one, other].map(({ port }) => new TcpClient({ port }))
  for (const client of clients) {
    client.send(Buffer.of(1))
    await client.next()
  }
  assert.equal(connections.count, 2)
  for (const { socket } of clients) {
    socket.destroy()
    await once(socket, 'close')
  }
  await until(() => connections.count === 0)
})
