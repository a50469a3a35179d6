import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Pending } from '#src/dns/pending.ts'
import { type Outgoing, type Receive, written } from '#src/transport/transport.ts'
import { HeldReplies, serveStreams } from './stream-server.ts'

const echo: Receive = message => written(Buffer.from(message))
const messages = (count: number, length = 4) =>
  Array.from({ length: count }, (_, i) => {
    const message = Buffer.alloc(length)
    message.writeUInt32BE(i)
    return message
  })

/** The next `count` messages. */
const take = async (client: { next(): Promise<Buffer | undefined> }, count: number) => {
  const taken: (Buffer | undefined)[] = []
  while (taken.length < count) taken.push(await client.next())
  return taken
}

test('messages in one piece, in many, and of every length are answered', async () => {
  await using server = await serveStreams(echo)
  const { client } = await server.connect()
  const all = [...messages(3), Buffer.alloc(65535, 7), Buffer.alloc(0), Buffer.of(1)]
  client.send(...all)
  assert.deepEqual(await take(client, all.length), all)
  client.socket.setNoDelay(true)
  for (const octet of [0, 4, 9, 8, 7, 6, 0, 1, 5]) {
    client.socket.write(Buffer.of(octet))
    await nextTurn()
  }
  assert.deepEqual(await take(client, 2), [Buffer.of(9, 8, 7, 6), Buffer.of(5)])
})

test('what is not to be answered is passed over', async () => {
  await using server = await serveStreams(message => (message[0] === 9 ? undefined : written(Buffer.from(message))))
  const { client } = await server.connect()
  client.send(Buffer.of(9), Buffer.of(1))
  assert.deepEqual(await client.next(), Buffer.of(1))
})

test('replies go out as they get ready', async () => {
  const held = new HeldReplies()
  await using server = await serveStreams(held.receive)
  const { client } = await server.connect()
  const [first, second, third] = messages(3)
  client.send(first!, second!, third!)
  await held.came(3)
  for (const i of [2, 0, 1]) {
    held.release(i)
    assert.deepEqual(await client.next(), [first, second, third][i])
  }
})

test('the client is named as it connected, IPv4 never as mapped IPv6', async () => {
  let name = ''
  await using server = await serveStreams((message, { address, port, family }) => {
    name = `${address} ${port} ${family}`
    return written(Buffer.from(message))
  })
  const { client } = await server.connect()
  client.send(Buffer.of(1))
  await client.next()
  assert.equal(name, `127.0.0.1 ${client.socket.localPort} 4`)
})

test('a query is handed in once where a reply that was to come is there at once', async () => {
  const taken: number[] = []
  await using server = await serveStreams(
    message => {
      taken.push(Buffer.from(message).readUInt32BE())
      const reply = new Pending<Outgoing>()
      reply.fulfil(written(Buffer.from(message)))
      return reply
    },
    { inFlight: 1 },
  )
  const { client } = await server.connect()
  const all = messages(100)
  client.send(...all.slice(0, 50))
  await take(client, 50)
  client.send(...all.slice(50))
  client.socket.end()
  assert.deepEqual(await take(client, 51), [...all.slice(50), undefined])
  assert.deepEqual(taken, [...all.keys()])
})

test('queries in flight are bounded: the next is handed in when one is answered', async () => {
  const held = new HeldReplies()
  await using server = await serveStreams(held.receive, { inFlight: 2 })
  const { client } = await server.connect()
  client.send(...messages(4))
  await held.came(2)
  await nextTurn()
  assert.equal(held.count, 2)
  held.release(1)
  await held.came(3)
  await nextTurn()
  assert.equal(held.count, 3)
  held.release(0)
  await held.came(4)
  held.release(2)
  held.release(3)
  assert.deepEqual(
    (await take(client, 4)).map(message => message?.readUInt32BE()),
    [1, 0, 2, 3],
  )
})

test('while as many as allowed are in flight, nothing is read on, also after one of them was answered', async () => {
  const held = new HeldReplies()
  await using server = await serveStreams(held.receive, { inFlight: 2 })
  const { client, socket } = await server.connect()
  client.send(...messages(30_000, 1000))
  for (let i = 0; i < 10; i++) {
    await held.came(i + 2)
    held.release(i)
  }
  await held.came(12)
  for (let turns = 0; turns < 50; turns++) await nextTurn()
  assert.equal(held.count, 12)
  // One read of 64 KiB holds all of these already.
  assert.ok(socket.bytesRead < 200_000, `${socket.bytesRead} octets were read`)
})

test('a client that has said everything gets every answer before the connection ends', async () => {
  const held = new HeldReplies()
  await using server = await serveStreams(held.receive, { inFlight: 2 })
  const { client, socket } = await server.connect()
  const ended = once(socket, 'end')
  client.send(...messages(7))
  client.socket.end()
  await ended
  for (let i = 0; i < 7; i++) {
    await held.came(i + 1)
    held.release(i)
  }
  assert.equal((await take(client, 7)).filter(Boolean).length, 7)
  assert.equal(await client.next(), undefined)
  assert.ok(socket.destroyed)
})

test('a client that says nothing and ends is let go', async () => {
  await using server = await serveStreams(echo)
  const { client } = await server.connect()
  client.socket.end()
  assert.equal(await client.next(), undefined)
})

test('a client that resets the connection harms nobody', async () => {
  const held = new HeldReplies()
  await using server = await serveStreams(held.receive)
  const [one, other] = [await server.connect(), await server.connect()]
  one.client.send(Buffer.of(1))
  other.client.send(Buffer.of(2))
  await held.came(2)
  const closed = new Promise(resolve => one.socket.once('close', resolve))
  one.client.socket.resetAndDestroy()
  await closed
  held.release(0)
  held.release(1)
  assert.deepEqual(await other.client.next(), Buffer.of(2))
})

test('replies that get ready while the client does not read are kept for it, as many as there is room for', async () => {
  const ready = Promise.withResolvers<void>()
  const receive: Receive = async () => {
    await ready.promise
    return written(Buffer.alloc(60_000))
  }
  await using server = await serveStreams(receive, { unsent: 6_000_000, inFlight: 300 })
  const connect = async (count: number) => {
    const { client, socket } = await server.connect()
    client.socket.pause()
    const read = once(socket, 'data')
    client.send(...messages(count))
    await read
    return { client, socket }
  }
  // The kernel takes some megabytes before anything is kept.
  const greedy = await connect(300)
  ready.resolve()
  await once(greedy.socket, 'close')
  const { client, socket } = await connect(100)
  await nextTurn()
  assert.ok(socket.writableLength < 128 << 10, `${socket.writableLength} octets wait in the socket`)
  client.socket.resume()
  assert.ok((await take(client, 100)).every(message => message?.length === 60_000))
})

test('replies are made no faster than the client reads them, and all of them arrive', async () => {
  let answered = 0
  await using server = await serveStreams(() => {
    answered++
    return written(Buffer.alloc(60_000))
  })
  const { client, socket } = await server.connect()
  client.socket.pause()
  client.send(...messages(300))
  client.socket.end()
  while (socket.writableLength < 60_000) await nextTurn()
  // The kernel takes some megabytes before anything waits.
  assert.ok(answered < 300, `${answered} replies were made`)
  client.socket.resume()
  for (let i = 0; i < 300; i++) assert.equal((await client.next())?.length, 60_000, `reply ${i + 1}`)
  assert.equal(await client.next(), undefined)
})

test('others have their turn, however many queries have come at once', async () => {
  let answered = 0
  await using server = await serveStreams(message => {
    answered++
    return written(Buffer.from(message))
  })
  const { client } = await server.connect()
  client.send(...messages(50_000))
  client.socket.end()
  for (let before = 0; answered < 50_000; before = answered) {
    await nextTurn()
    assert.ok(answered - before <= 64, `${answered - before} queries in one turn`)
  }
  assert.ok((await take(client, 50_000)).every(Boolean))
  assert.equal(await client.next(), undefined)
})

test('a connection that is to end answers what has been read, however much', async () => {
  let answered = 0
  await using server = await serveStreams(message => {
    answered++
    return written(Buffer.from(message))
  })
  const { client, socket, connection } = await server.connect()
  client.send(...messages(50_000))
  // More than is taken at a time.
  while (socket.readableLength === 0) await nextTurn()
  connection!.end()
  const whole = Math.floor(socket.bytesRead / 6)
  for (let i = 0; i < whole; i++) assert.ok(await client.next(), `${answered} of ${whole} queries were answered`)
})

test('connections of one client are bounded, and all together', async () => {
  await using server = await serveStreams(echo, { perClient: 2, connections: 3 })
  const first = await server.connect()
  await server.connect()
  const third = await server.connect()
  assert.equal(await third.client.next(), undefined)
  assert.deepEqual([server.connections.count, server.connections.refused], [2, 1])
  first.client.socket.destroy()
  await once(first.socket, 'close')
  const fourth = await server.connect()
  fourth.client.send(Buffer.of(1))
  assert.deepEqual(await fourth.client.next(), Buffer.of(1))
  assert.equal(server.connections.count, 2)
})

test('connections of all clients are bounded', async () => {
  await using server = await serveStreams(echo, { perClient: 9, connections: 1 })
  const first = await server.connect()
  const second = await server.connect()
  assert.equal(await second.client.next(), undefined)
  first.client.send(Buffer.of(1))
  assert.deepEqual(await first.client.next(), Buffer.of(1))
})
