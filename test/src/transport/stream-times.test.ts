import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Receive, written } from '#src/transport/transport.ts'
import { HeldReplies, serveStreams } from './stream-server.ts'

const LIMITS = { read: 3000, write: 5000, idle: 10_000 }
const echo: Receive = message => written(Buffer.from(message))

/** A connection whose times are moved on by hand. */
async function start(t: TestContext, receive = echo) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const server = await serveStreams(receive, LIMITS)
  const { connections } = server
  const { client, socket, connection } = await server.connect()
  client.socket.setNoDelay(true)
  return {
    connections,
    client,
    socket,
    connection,
    /** Sends octets and waits until the server has read them. */
    async write(...octets: readonly number[]) {
      const read = once(socket, 'data')
      client.socket.write(Buffer.from(octets))
      await read
    },
    /** Moves the time on: the connection must live until the last millisecond, and end with it. */
    async endsAfter(milliseconds: number) {
      t.mock.timers.tick(milliseconds - 1)
      assert.ok(!socket.destroyed, 'it ended early')
      t.mock.timers.tick(1)
      assert.ok(socket.destroyed, 'it lives on')
      await client.socket.resume()
      if (!client.socket.closed) await once(client.socket, 'close')
    },
    tick: (milliseconds: number) => t.mock.timers.tick(milliseconds),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

test('the first message must be whole three seconds after the connection', async t => {
  await using connection = await start(t)
  await connection.endsAfter(3000)
  assert.deepEqual(connection.connections.cut, { read: 1, write: 0, kept: 0, requests: 0 })
})

test('octets of the first message give it no more time', async t => {
  await using connection = await start(t)
  connection.tick(2000)
  await connection.write(0)
  connection.tick(500)
  await connection.write(9, 1)
  await connection.endsAfter(500)
})

test('a connection without a message ends ten seconds after the last', async t => {
  await using connection = await start(t)
  connection.tick(2000)
  await connection.write(0, 1, 7)
  await connection.client.next()
  connection.tick(9000)
  await connection.write(0, 1, 8)
  await connection.client.next()
  await connection.endsAfter(10_000)
})

test('a later message that has begun must be whole three seconds later, however it comes', async t => {
  await using connection = await start(t)
  await connection.write(0, 1, 7)
  await connection.client.next()
  connection.tick(9000)
  await connection.write(0)
  for (let i = 0; i < 5; i++) {
    connection.tick(500)
    await connection.write(9)
  }
  await connection.endsAfter(500)
})

test('a message that was completed starts the time of the one that begun with it', async t => {
  await using connection = await start(t)
  await connection.write(0, 1)
  connection.tick(2900)
  await connection.write(7, 0)
  await connection.endsAfter(3000)
})

test('while an answer is owed, no time runs out', async t => {
  const held = new HeldReplies()
  await using connection = await start(t, held.receive)
  await connection.write(0, 1, 7)
  await held.came(1)
  connection.tick(60_000)
  assert.ok(!connection.socket.destroyed)
  held.release(0)
  assert.deepEqual(await connection.client.next(), Buffer.of(7))
  await connection.endsAfter(10_000)
})

test('an ended connection answers what it owes, then closes', async t => {
  const held = new HeldReplies()
  await using connection = await start(t, held.receive)
  await connection.write(0, 1, 7, 0, 1, 8)
  await held.came(2)
  connection.connection!.end()
  held.release(1)
  assert.deepEqual(await connection.client.next(), Buffer.of(8))
  held.release(0)
  assert.deepEqual(await connection.client.next(), Buffer.of(7))
  assert.equal(await connection.client.next(), undefined)
})

test('an ended connection answers what comes while it owes something', async t => {
  const held = new HeldReplies()
  await using connection = await start(t, held.receive)
  await connection.write(0, 1, 7)
  await held.came(1)
  connection.connection!.end()
  await connection.write(0, 1, 8)
  await held.came(2)
  held.release(0)
  assert.deepEqual(await connection.client.next(), Buffer.of(7))
  held.release(1)
  assert.deepEqual(await connection.client.next(), Buffer.of(8))
  assert.equal(await connection.client.next(), undefined)
})

test('an ended connection that always owes something takes nothing more after five seconds', async t => {
  const held = new HeldReplies()
  await using connection = await start(t, held.receive)
  await connection.write(0, 1, 7)
  await held.came(1)
  connection.connection!.end()
  connection.tick(4999)
  await connection.write(0, 1, 8)
  await held.came(2)
  connection.tick(1)
  await connection.write(0, 1, 9)
  held.release(0)
  held.release(1)
  assert.deepEqual(await connection.client.next(), Buffer.of(7))
  assert.deepEqual(await connection.client.next(), Buffer.of(8))
  assert.equal(await connection.client.next(), undefined)
})

test('an ended connection without anything owed closes at once', async t => {
  await using connection = await start(t)
  connection.connection!.end()
  assert.equal(await connection.client.next(), undefined)
})

test('a client that reads nothing is let go of five seconds after that shows, and one that reads at last is not', async t => {
  await using connection = await start(t, () => written(Buffer.alloc(65535)))
  const fill = async () => {
    connection.client.socket.pause()
    // More than the kernel takes, less than what has the connection cut.
    while (connection.socket.writableLength < 60_000) {
      await connection.write(0, 1, 1)
      await nextTurn()
    }
  }
  await fill()
  connection.tick(4000)
  const drained = once(connection.socket, 'drain')
  connection.client.socket.resume()
  await drained
  connection.tick(4000)
  assert.ok(!connection.socket.destroyed)
  await fill()
  await connection.endsAfter(5000)
  assert.deepEqual(connection.connections.cut, { read: 0, write: 1, kept: 0, requests: 0 })
})

test('a client that does not read what it is owed cannot hold up the end', async t => {
  await using connection = await start(t, () => written(Buffer.alloc(65535)))
  connection.client.socket.pause()
  // More than the kernel takes, less than what has the connection cut.
  while (connection.socket.writableLength === 0 || connection.socket.writableLength < 60_000) {
    await connection.write(0, 1, 1)
    await nextTurn()
  }
  connection.connection!.end()
  await nextTurn()
  await connection.endsAfter(3000)
})
