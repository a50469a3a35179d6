/** What one client of HTTP may take of the server. */
import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type SessionOptions } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { QUERY, writePacket } from '#src/grpc/dns-service.ts'
import { frame } from '#src/grpc/frames.ts'
import { headersOfCall } from '#src/grpc/request.ts'
import { listenGrpc } from '#src/transport/grpc.ts'
import { listenHttps } from '#src/transport/https.ts'
import { Connections, STREAM_LIMITS, type StreamLimits } from '#src/transport/stream.ts'
import type { ListenSecure } from '#src/transport/tls.ts'
import { type Receive, written } from '#src/transport/transport.ts'
import { closing } from './closing.ts'

const LATE = () => ({ signal: AbortSignal.timeout(30_000) })
const LONG = 60_000

async function serve(
  limits: Partial<StreamLimits>,
  receive: Receive = () => written(Buffer.alloc(LONG)),
  listen: ListenSecure = listenGrpc,
) {
  const connections = new Connections({ ...STREAM_LIMITS, ...limits })
  const { port, [Symbol.asyncDispose]: dispose } = await closing(listen)('127.0.0.1', 0, receive, connections, undefined, {
    limits: () => limits,
  })
  const sessions: ClientHttp2Session[] = []
  return {
    connections,
    port,
    connect(options?: SessionOptions) {
      const session = connect(`http://127.0.0.1:${port}`, options).on('error', () => {})
      sessions.push(session)
      return session
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      await dispose()
    },
  }
}

/** Fulfilled when it is closed, for whatever reason. */
const closed = (emitter: EventEmitter) => new Promise(resolve => emitter.once('close', resolve))

const call = (session: ClientHttp2Session): ClientHttp2Stream => session.request(headersOfCall(QUERY)).on('error', () => {})

/** @returns the octets that come back */
async function ask(session: ClientHttp2Session): Promise<number> {
  const stream = call(session)
  stream.end(frame(writePacket(Buffer.alloc(12))))
  let octets = 0
  for await (const chunk of stream) octets += (chunk as Buffer).length
  return octets
}

test('clients that take no replies have no more of them kept than there is room for, and others are answered', async () => {
  await using server = await serve({ unsent: 5 * LONG })
  const asks = (options: SessionOptions, count: number) => {
    const session = server.connect(options)
    return { closed: closed(session), answers: Promise.allSettled(Array.from({ length: count }, () => ask(session))) }
  }
  const deaf = asks({ settings: { initialWindowSize: 0 } }, 20)
  await deaf.closed
  assert.equal(server.connections.cut.kept, 1)
  const answers = await asks({}, 5).answers
  assert.deepEqual(
    answers.map(answer => answer.status === 'fulfilled' && answer.value > LONG),
    Array(5).fill(true),
  )
})

test('a client that takes no replies and wants few is not in the way of others, however many it is', async () => {
  // Others have taken all that there is for all together.
  await using server = await serve({ unsent: -1 })
  const deaf = Array.from({ length: 5 }, () => server.connect({ settings: { initialWindowSize: 0 } }))
  for (const session of deaf) void ask(session).catch(() => {})
  assert.ok((await ask(server.connect())) > LONG)
  assert.deepEqual(
    deaf.map(({ destroyed }) => destroyed),
    Array(5).fill(false),
  )
})

test('replies that are more than Node is given at a time arrive all', async () => {
  await using server = await serve({})
  const session = server.connect()
  const octets = await Promise.all(Array.from({ length: 50 }, () => ask(session)))
  assert.ok(octets.every(count => count > LONG))
})

test('of messages that are not whole, no more is kept than there is room for', async () => {
  await using server = await serve({ unsent: LONG })
  const session = server.connect()
  for (let i = 0; i < 10; i++) call(session).write(frame(Buffer.alloc(LONG)).subarray(0, -1))
  await closed(session)
  assert.equal(server.connections.cut.kept, 1)
})

test('a message that comes octet by octet takes more room than its octets', async () => {
  await using server = await serve({ unsent: LONG })
  const session = server.connect()
  const end = closed(session)
  const stream = call(session)
  for (const octet of frame(Buffer.alloc(1000)).subarray(0, -1)) {
    if (session.destroyed) break
    await Promise.race([new Promise(resolve => stream.write(Buffer.of(octet), resolve)), end])
  }
  await end
  assert.equal(server.connections.cut.kept, 1)
})

const GET = { ':path': `/dns-query?dns=${'A'.repeat(16)}` }

test('bodies that nobody asked for are no exception', async () => {
  await using server = await serve({ unsent: LONG }, () => new Promise(() => {}), listenHttps)
  const session = server.connect()
  for (let i = 0; i < 10; i++)
    session
      .request(GET, { endStream: false })
      .on('error', () => {})
      .write(Buffer.alloc(LONG))
  await closed(session)
  assert.equal(server.connections.cut.kept, 1)
})

test('over HTTP/1.1, a body that comes octet by octet takes more room than its octets, too', async () => {
  await using server = await serve({ unsent: LONG }, undefined, listenHttps)
  const socket = connectTcp(server.port, '127.0.0.1').on('error', () => {})
  socket.write('POST /dns-query HTTP/1.1\r\nHost: x\r\nContent-Type: application/dns-message\r\n')
  socket.write(`Transfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(1000)}`)
  await closed(socket.resume())
  assert.equal(server.connections.cut.kept, 1)
})

test('messages that get whole at once are answered in turns', async () => {
  let [begun, most] = [0, 0]
  await using server = await serve({}, () => {
    if (begun++ === 0)
      setImmediate(() => {
        most = Math.max(most, begun)
        begun = 0
      })
    return written(Buffer.alloc(12))
  })
  const session = server.connect()
  const streams = Array.from({ length: 250 }, () => call(session))
  for (const stream of streams) stream.write(Buffer.alloc(1))
  await setTimeout(200)
  const ends = streams.map(stream => closed(stream.resume()))
  for (const stream of streams) stream.end(frame(writePacket(Buffer.alloc(12))).subarray(1))
  await Promise.all(ends)
  assert.ok(most > 0 && most < 100, `${most} at once`)
})

test('requests of all connections are bounded, but each may have a few', async () => {
  await using server = await serve({ requests: 2 })
  const begin = (count: number) => {
    const session = server.connect()
    return Promise.all(
      Array.from({ length: count }, async () => {
        const stream = call(session)
        if (count > 1) stream.write(Buffer.alloc(1))
        else stream.end(frame(writePacket(Buffer.alloc(12))))
        await closed(stream.resume())
        return stream.rstCode
      }),
    )
  }
  const many = begin(12)
  while (server.connections.cut.requests < 2) assert.deepEqual(await begin(1), [constants.NGHTTP2_NO_ERROR])
  const codes = await many
  assert.equal(codes.filter(code => code === constants.NGHTTP2_REFUSED_STREAM).length, 2)
  assert.equal(server.connections.cut.read, 10)
})

test('who takes requests back as fast as it can is let go of', async () => {
  await using server = await serve({ streams: 10 }, () => new Promise(() => {}))
  const session = server.connect()
  await once(session, 'connect', LATE())
  for (let i = 0; i < 500 && !session.destroyed; i++) {
    const stream = call(session)
    stream.close(constants.NGHTTP2_CANCEL)
    await closed(stream)
  }
  assert.ok(session.destroyed)
})
