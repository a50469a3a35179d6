import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Receive, written } from '#src/transport/transport.ts'
import { listenUdp } from '#src/transport/udp.ts'
import { kept } from '#test/server/burst.ts'
import { askUdp, sendUdp } from '#test/support/client.ts'
import { freePort } from '#test/support/ports.ts'
import { closing } from './closing.ts'
import { HeldReplies } from './stream-server.ts'

const listen = closing(listenUdp)
const echo: Receive = message => written(Buffer.from(message))

/** A socket that counts what it gets. */
async function sender(): Promise<Socket & { got: number }> {
  const socket = Object.assign(createSocket('udp4'), { got: 0 })
  socket.on('message', () => socket.got++)
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  socket.setRecvBufferSize(4 << 20)
  return socket
}

test('a datagram of up to 4,096 octets and more is taken whole', async () => {
  await using listening = await listen('127.0.0.1', 0, echo)
  for (const length of [2, 512, 4096, 60_000]) {
    const message = Buffer.alloc(length, 7)
    assert.deepEqual(await askUdp(message, { port: listening.port }), message)
  }
  await listening.close()
})

test('IPv6 has a socket of its own, whose port IPv4 may share', async () => {
  await using six = await listen('::', await freePort(), (message, { address, family }) =>
    written(Buffer.from([message[0]!, message[1]!, family, address.length])),
  )
  await using four = await listen('0.0.0.0', six.port, (message, { family }) =>
    written(Buffer.from([message[0]!, message[1]!, family])),
  )
  assert.deepEqual(await askUdp(Buffer.of(1, 2), { port: six.port, address: '::1' }), Buffer.of(1, 2, 6, '::1'.length))
  assert.deepEqual(await askUdp(Buffer.of(1, 2), { port: six.port }), Buffer.of(1, 2, 4))
  await Promise.all([six.close(), four.close()])
})

test('a port that is taken is an error', async () => {
  await using listening = await listen('127.0.0.1', 0, echo)
  await assert.rejects(listen('127.0.0.1', listening.port, echo), { code: 'EADDRINUSE' })
  await listening.close()
})

test('a closed listener has answered everything that had arrived', async () => {
  const burst = Math.min(2000, kept)
  let received = 0
  await using listening = await listen('127.0.0.1', 0, message => {
    received++
    const reply = written(Buffer.from(message))
    return received % 2 ? reply : Promise.resolve(reply)
  })
  await using client = await sender()
  const sends = Array.from(
    { length: burst },
    (_, i) => new Promise(sent => client.send(Buffer.of(i >> 8, i & 255), listening.port, '127.0.0.1', sent)),
  )
  await Promise.all(sends)
  const before = received
  await listening.close()
  assert.ok(before < burst, 'nothing was left to drain')
  assert.equal(received, burst)
  while (client.got < burst) await once(client, 'message', { signal: AbortSignal.timeout(2000) })
})

test('a closing listener waits for the answers that are owed', async () => {
  const held = new HeldReplies()
  await using listening = await listen('127.0.0.1', 0, held.receive)
  using _ = held
  const asked = askUdp(Buffer.of(1, 2, 3), { port: listening.port })
  await held.came(1)
  let closed = false
  const close = listening.close().then(() => {
    closed = true
  })
  for (let turns = 0; turns < 20; turns++) await nextTurn()
  // It takes no more, or there might be no end.
  assert.equal(await sendUdp(Buffer.of(4, 5, 6), { port: listening.port, timeout: 50 }), undefined)
  assert.deepEqual([held.count, closed], [1, false])
  held.release(0)
  assert.deepEqual(await asked, Buffer.of(1, 2, 3))
  await close
})

test('waiting for them takes no time of the processor', async () => {
  const held = new HeldReplies()
  await using listening = await listen('127.0.0.1', 0, held.receive)
  using _ = held
  const asked = askUdp(Buffer.of(1, 2, 3), { port: listening.port })
  await held.came(1)
  const close = listening.close()
  const before = process.cpuUsage()
  await new Promise(resolve => setTimeout(resolve, 300))
  const { user, system } = process.cpuUsage(before)
  assert.ok(user + system < 150_000, `${user + system} µs`)
  held.release(0)
  await Promise.all([asked, close])
})

test('a client that goes on asking cannot keep a listener from closing', async () => {
  await using listening = await listen('127.0.0.1', 0, echo)
  await using client = await sender()
  let asking = true
  const ask = () => {
    if (!asking) return
    for (let i = 0; i < 20; i++) client.send(Buffer.of(1, 2), listening.port, '127.0.0.1', () => {})
    setImmediate(ask)
  }
  ask()
  await listening.close()
  asking = false
})
