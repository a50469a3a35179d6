import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Metadata, status } from '@grpc/grpc-js'
import { readPacket, writePacket } from '#src/grpc/dns-service.ts'
import { frame } from '#src/grpc/frames.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { GrpcClient } from '#test/support/dns-grpc.ts'
import { call, type Ending } from '#test/support/grpc-call.ts'
import { InProcessServer } from '#test/support/in-process.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { reply } from '#test/support/scripts.ts'
import { startServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'

const HOSTS = 'hosts {\n192.0.2.1 web.example.org\nttl 77\nfallthrough\n}'

const block = (port: number, plugins = HOSTS) => `grpc://.:${port} {\n${plugins}\n}\n`

const query = (name = 'web.example.org') => Buffer.from(queryMessage(name, 'A', { id: 7 }))
const packet = (octets: Uint8Array) => frame(writePacket(octets))
const good = packet(query())

async function over<T>(port: number, ask: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
  const session = connect(`http://127.0.0.1:${port}`).on('error', () => {})
  try {
    return await ask(session)
  } finally {
    session.destroy()
  }
}

/** The status of HTTP, that of gRPC, and the rcode of the reply. */
function outcome({ http, code, body }: Ending): string {
  const message = body.length > 0 ? ` ${readAnswer(readPacket(body.subarray(5))).rcode}` : ''
  return `${http} ${code}${message}`
}

test('a hundred queries at a time share a connection, and wait for none of each other', async () => {
  await using server = await startServer(block(0))
  await server.waitForLine(/^grpc:\/\/\.:\d+$/)
  using client = new GrpcClient(server.port)
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, id) => client.ask(queryMessage('web.example.org', 'A', { id }))),
  )
  for (const [id, { code, message }] of outcomes.entries()) {
    assert.equal(code, status.OK)
    assert.equal(message.readUInt16BE(0), id)
    assert.deepEqual(readAnswer(message).answer, ['web.example.org. 77 IN A 192.0.2.1'])
  }
})

/** What comes over a call, and how it ends: here, and where that differs in CoreDNS. */
const CALLS: readonly (readonly [
  title: string,
  headers: Readonly<Record<string, string>>,
  body: readonly Uint8Array[],
  ours: string,
  theirs?: string,
])[] = [
  ['a query', {}, [good], '200 0 NOERROR'],
  ['one octet by octet', {}, Array.from(good, octet => Buffer.of(octet)), '200 0 NOERROR'],
  ['a subtype', { 'content-type': 'application/grpc+proto' }, [good], '200 0 NOERROR'],
  ['time enough', { 'grpc-timeout': '99999999H' }, [good], '200 0 NOERROR'],
  ['another method of HTTP', { ':method': 'PUT' }, [good], '405 13'],
  ['another type', { 'content-type': 'application/json' }, [good], '415 3'],
  ['a type that begins alike', { 'content-type': 'application/grpc-web' }, [good], '415 3'],
  ['another method', { ':path': '/coredns.dns.DnsService/Other' }, [good], '200 12'],
  ['another service', { ':path': '/grpc.health.v1.Health/Check' }, [good], '200 12'],
  ['no method', { ':path': '/' }, [good], '200 12'],
  ['a time in no unit', { 'grpc-timeout': '1x' }, [good], '400 13'],
  ['a time of nine digits', { 'grpc-timeout': '123456789S' }, [good], '400 13'],
  ['compression that is not told of', {}, [Buffer.concat([Buffer.of(1), good.subarray(1)])], '200 13'],
  ['compression', { 'grpc-encoding': 'gzip' }, [Buffer.concat([Buffer.of(1), good.subarray(1)])], '200 12'],
  ['compression that is not used', { 'grpc-encoding': 'gzip' }, [good], '200 0 NOERROR', '200 12'],
  ['no message', {}, [], '200 13'],
  ['two messages', {}, [good, good], '200 13'],
  ['half a message', {}, [good.subarray(0, 20)], '200 13'],
  ['half a head', {}, [good.subarray(0, 3)], '200 13'],
  ['what is no packet', {}, [frame(Buffer.of(255, 255, 255))], '200 13'],
  ['more than a packet', {}, [packet(Buffer.alloc(65_536))], '200 8'],
  ['a packet without a message', {}, [frame(Buffer.alloc(0))], '200 2'],
  ['too little of a query', {}, [packet(query().subarray(0, 10))], '200 2'],
  ['a response', {}, [packet(Buffer.concat([query().subarray(0, 2), Buffer.of(0x81), query().subarray(3)]))], '200 2'],
  ['octets behind the query', {}, [packet(Buffer.concat([query(), Buffer.alloc(9)]))], '200 0 NOERROR'],
  // As over UDP and TCP: CoreDNS says there is no question there, and that it knows no such opcode, with statuses of gRPC alone.
  ['a header alone', {}, [packet(Buffer.concat([query().subarray(0, 4), Buffer.alloc(8)]))], '200 0 FORMERR', '200 2'],
  [
    'an update',
    {},
    [packet(Buffer.concat([query().subarray(0, 2), Buffer.of(0x28), query().subarray(3)]))],
    '200 0 NOTIMP',
    '200 2',
  ],
  // CoreDNS sends the query back.
  ['a query that is dropped', {}, [packet(query('x.drop.example.org'))], '200 2', '200 0 NOERROR'],
]
const DROP = `acl drop.example.org {\ndrop\n}\n${HOSTS}`

suite('what comes over a call ends it with the status that says why', () => {
  for (const [title, headers, body, ours] of CALLS)
    test(title, async () => {
      await using server = new InProcessServer(block(0, DROP))
      await server.server.start()
      assert.equal(outcome(await over(server.port, session => call(session, body, headers))), ours)
      assert.equal(outcome(await over(server.port, session => call(session, [good]))), '200 0 NOERROR')
    })

  test('as in CoreDNS', { skip: noCoreDns() ?? false }, async () => {
    const port = await freePort()
    await using _coredns = await CoreDns.start(block(port, DROP))
    const outcomes = await over(port, session => Promise.all(CALLS.map(([, headers, body]) => call(session, body, headers))))
    assert.deepEqual(
      outcomes.map((ending, i) => `${CALLS[i]![0]}: ${outcome(ending)}`),
      CALLS.map(([title, , , ours, theirs = ours]) => `${title}: ${theirs}`),
    )
  })
})

test('who waits no longer is told so, and a reply that comes then is nobody’s', async () => {
  const released = Promise.withResolvers<void>()
  await using upstream = await startUpstream(async question => {
    await released.promise
    return reply(question)
  })
  await using server = new InProcessServer(block(0, `${HOSTS}\nforward . ${upstream.to}`))
  await server.server.start()
  await over(server.port, async session => {
    const { code, message } = await call(session, [packet(query('www.example.org'))], { 'grpc-timeout': '50m' })
    assert.deepEqual([code, message], [status.DEADLINE_EXCEEDED, 'context deadline exceeded'])
    released.resolve()
    assert.equal(outcome(await call(session, [good])), '200 0 NOERROR')
  })
})

test('who waits no longer for a query that he has not said to the end is told so', async () => {
  await using server = new InProcessServer(block(0))
  await server.server.start()
  await over(server.port, async session => {
    assert.equal((await call(session, undefined, { 'grpc-timeout': '50m' })).code, status.DEADLINE_EXCEEDED)
    assert.equal(outcome(await call(session, [good])), '200 0 NOERROR')
  })
})

test('a reply may take longer than a query may', async () => {
  await using upstream = await startUpstream(async question => {
    await setTimeout(1500)
    return reply(question)
  })
  await using server = new InProcessServer(block(0, `timeouts {\nread 1s\nidle 1s\n}\nforward . ${upstream.to}`))
  await server.server.start()
  assert.equal(outcome(await over(server.port, session => call(session, [good]))), '200 0 NOERROR')
})

test('what is told of an error is told in printable ASCII', async () => {
  await using server = new InProcessServer(block(0))
  await server.server.start()
  const path = Buffer.from('/ü%').toString('latin1')
  const { code, message } = await over(server.port, session => call(session, [good], { ':path': path }))
  assert.deepEqual([code, message], [status.UNIMPLEMENTED, `unknown method ${path}`])
})

test('metadata of the client does not matter', async () => {
  await using server = new InProcessServer(block(0))
  await server.server.start()
  using client = new GrpcClient(server.port)
  const metadata = new Metadata()
  metadata.set('authorization', 'Bearer x')
  metadata.set('octets-bin', Buffer.alloc(9))
  assert.equal((await client.ask(query(), {}, undefined, metadata)).code, status.OK)
})

test('who begins a message and stops is let go of, however slowly it comes', async t => {
  await using server = new InProcessServer(block(0, `timeouts {\nread 1s\n}\n${HOSTS}`))
  await server.server.start()
  await over(server.port, async session => {
    const since = performance.now()
    const silent = call(session, undefined)
    const stream = session.request({ ':method': 'POST', ':path': '/', 'content-type': 'application/grpc' })
    const slow = session.request({
      ':method': 'POST',
      ':path': '/coredns.dns.DnsService/Query',
      'content-type': 'application/grpc',
    })
    const octets = Array.from(good)
    const sending = setInterval(() => slow.write(Buffer.of(octets.shift() ?? 0)), 50)
    t.after(() => clearInterval(sending))
    for (const each of [stream, slow]) each.on('error', () => {})
    stream.resume()
    assert.equal((await silent).code, undefined)
    if (!slow.closed) await once(slow, 'close')
    clearInterval(sending)
    assert.notEqual(octets.length, 0)
    if (!stream.closed) await once(stream, 'close')
    assert.ok(performance.now() - since > 900)
    assert.equal(outcome(await call(session, [good])), '200 0 NOERROR')
  })
})

test('a connection that brings nothing ends, and the next query opens another', async () => {
  await using server = new InProcessServer(block(0, `timeouts {\nidle 1s\n}\n${HOSTS}`))
  await server.server.start()
  const session = connect(`http://127.0.0.1:${server.port}`).on('error', () => {})
  const ended = once(session, 'close')
  assert.equal(outcome(await call(session, [good])), '200 0 NOERROR')
  await ended
  using client = new GrpcClient(server.port)
  assert.equal((await client.ask(query())).code, status.OK)
  await setTimeout(1500)
  assert.equal((await client.ask(query())).code, status.OK)
})

test('SIGTERM: what was asked is answered, then the connections end', async () => {
  const released = Promise.withResolvers<void>()
  await using upstream = await startUpstream(async question => {
    await released.promise
    return reply(question)
  })
  await using server = await startServer(block(0, `${HOSTS}\nforward . ${upstream.to}`))
  using idle = new GrpcClient(server.port)
  assert.equal((await idle.ask(query())).code, status.OK)
  using client = new GrpcClient(server.port)
  const asked = client.ask(query('www.example.org'))
  await upstream.saw(1)
  server.signal('SIGTERM')
  await server.waitForLine(/SIGTERM/)
  released.resolve()
  assert.equal((await asked).code, status.OK)
  const answered = performance.now()
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  assert.ok(performance.now() - answered < 3000, 'nobody was waited for')
})

test('who leaves while asking is let go of at once, however many there are', async () => {
  await using upstream = await startUpstream(() => new Promise(() => {}))
  await using server = await startServer(block(0, `${HOSTS}\nforward . ${upstream.to}`))
  // More than one client may have at a time.
  for (let i = 0; i < 300; i++)
    await over(server.port, async session => {
      void call(session, [packet(query(`${i}.example.org`))])
      await upstream.saw(i + 1)
    })
  using client = new GrpcClient(server.port)
  assert.equal((await client.ask(query())).code, status.OK)
})

test('who speaks no HTTP/2 is let go of', async () => {
  await using server = await startServer(block(0))
  const response = await fetch(`http://127.0.0.1:${server.port}/`).then(
    () => 'an answer',
    () => 'none',
  )
  assert.equal(response, 'none')
})
