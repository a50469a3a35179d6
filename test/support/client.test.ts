import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { askTcp, askUdp, sendUdp, TcpClient } from './client.ts'

test('UDP: a reply with another id is not taken, silence is undefined, a closed port is an error', async () => {
  await using server = createSocket('udp4')
  server.on('message', (message, { port, address }) => {
    if (message[2] === 9) return
    server.send(Buffer.of(0, 0, 1), port, address)
    server.send(Buffer.of(message[0]!, message[1]!, 2), port, address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  assert.deepEqual(await askUdp(Buffer.of(5, 6, 0), { port }), Buffer.of(5, 6, 2))
  assert.equal(await sendUdp(Buffer.of(5, 6, 9), { port, timeout: 20 }), undefined)
  server.close()
  await assert.rejects(askUdp(Buffer.of(5, 6, 0), { port }), { code: 'ECONNREFUSED' })
})

test('TCP: messages are put together from any pieces, and the end of the connection is undefined', async () => {
  await using server = createServer(socket => {
    socket.on('data', () => {
      socket.write(Buffer.of(0))
      setImmediate(() => socket.end(Buffer.of(2, 7, 8, 0, 1, 9, 0)))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await using connection = new TcpClient({ port })
  connection.send(Buffer.of(1))
  assert.deepEqual(
    [await connection.next(), await connection.next(), await connection.next()],
    [Buffer.of(7, 8), Buffer.of(9), undefined],
  )
  assert.deepEqual(await askTcp(Buffer.of(1), { port }), Buffer.of(7, 8))
})
