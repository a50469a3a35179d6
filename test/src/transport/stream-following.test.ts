/** Replies of several messages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Outgoing, type Receive, written } from '#src/transport/transport.ts'
import type { TcpClient } from '#test/support/client.ts'
import { serveStreams } from './stream-server.ts'

/** Answers `0` with a message of one octet and those that follow; whatever else is asked is echoed. */
class Source {
  /** Messages that were made. */
  made = 0
  readonly #left = Promise.withResolvers<void>()
  readonly #messages: Iterable<Buffer>

  constructor(messages: Iterable<Buffer>) {
    this.#messages = messages
  }

  *#following(): Generator<Outgoing> {
    try {
      for (const message of this.#messages) {
        this.made++
        yield written(message)
      }
    } finally {
      this.#left.resolve()
    }
  }

  /** Waits until no more messages will be made. */
  async ended(): Promise<void> {
    const late = AbortSignal.timeout(5000)
    late.onabort = () => this.#left.reject(new Error('messages are still to be made'))
    await this.#left.promise
  }

  readonly receive: Receive = message => {
    const reply = written(Buffer.from(message))
    return message[0] === 0 ? { ...reply, following: this.#following().map(next => next) } : reply
  }
}

const numbers = (count: number, length = 1) => Array.from({ length: count }, (_, i) => Buffer.alloc(length, i + 1))
const firsts = async (client: TcpClient, count: number) => {
  const octets: (number | undefined)[] = []
  while (octets.length < count) octets.push((await client.next())?.[0])
  return octets
}

test('messages come in their order, and before the reply to what was asked behind them', async () => {
  const source = new Source(numbers(5))
  await using server = await serveStreams(source.receive)
  const { client } = await server.connect()
  client.send(Buffer.of(0), Buffer.of(77))
  assert.deepEqual(await firsts(client, 7), [0, 1, 2, 3, 4, 5, 77])
  client.send(Buffer.of(0), Buffer.of(0), Buffer.of(78))
  assert.deepEqual(await firsts(client, 13), [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 78])
})

test('a reply that comes late may be followed by others, too', async () => {
  const source = new Source(numbers(2))
  await using server = await serveStreams(async (message, client) => {
    await nextTurn()
    return source.receive(message, client)
  })
  const { client } = await server.connect()
  client.send(Buffer.of(0))
  assert.deepEqual(await firsts(client, 3), [0, 1, 2])
})

test('others have their turn between two messages', async () => {
  const source = new Source(numbers(50))
  await using server = await serveStreams(source.receive)
  const { client } = await server.connect()
  client.send(Buffer.of(0))
  await client.next()
  for (let before = source.made; before < 50; before = source.made) {
    await nextTurn()
    assert.ok(source.made <= before + 1, `${source.made - before} messages in one turn`)
  }
})

test('a client that does not read gets no more made for it, and is cut off in time', async () => {
  const source = new Source(
    (function* () {
      for (;;) yield Buffer.alloc(16_000)
    })(),
  )
  await using server = await serveStreams(source.receive, { write: 300 })
  const { client, socket } = await server.connect()
  client.socket.pause()
  const closed = new Promise(resolve => socket.once('close', resolve))
  client.send(Buffer.of(0))
  let highest = 0
  const watch = setInterval(() => {
    highest = Math.max(highest, socket.writableLength)
  }, 1)
  await closed
  clearInterval(watch)
  assert.ok(highest > 0 && highest < 128 << 10, `${highest} octets wait for the client`)
  await source.ended()
  const { made } = source
  await nextTurn()
  assert.equal(source.made, made)
})

test('a client that reads slowly gets them all', async () => {
  const source = new Source(numbers(200, 60_000))
  await using server = await serveStreams(source.receive)
  const { client } = await server.connect()
  client.send(Buffer.of(0))
  for (let i = 0; i <= 200; i++) {
    client.socket.pause()
    await nextTurn()
    client.socket.resume()
    assert.equal((await client.next())?.[0], i)
  }
  await source.ended()
})

test('a client that leaves is not sent for', async () => {
  const source = new Source(numbers(2000, 60_000))
  await using server = await serveStreams(source.receive)
  const { client } = await server.connect()
  client.send(Buffer.of(0))
  await client.next()
  client.socket.destroy()
  await source.ended()
  assert.ok(source.made < 2000)
})

test('what is not sent to its end closes the connection', async () => {
  const source = new Source(
    (function* () {
      yield Buffer.of(1)
      throw new Error('no more')
    })(),
  )
  await using server = await serveStreams(source.receive)
  const { client } = await server.connect()
  client.send(Buffer.of(0), Buffer.of(77))
  assert.deepEqual(await firsts(client, 3), [0, 1, undefined])
})

test('a connection that ends is sent all that follows', async () => {
  const source = new Source(numbers(100))
  await using server = await serveStreams(source.receive)
  const { client, connection } = await server.connect()
  client.send(Buffer.of(0))
  await client.next()
  connection!.end()
  assert.equal((await firsts(client, 101)).at(-1), undefined)
  assert.equal(source.made, 100)
})
