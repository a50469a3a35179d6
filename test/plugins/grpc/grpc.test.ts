import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { QUERY, readPacket, writePacket } from '#src/grpc/dns-service.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { refuse } from '#test/support/grpc-server.ts'
import { type GrpcScript, GrpcUpstream } from '#test/support/grpc-upstream.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { extendedErrorOf, readAnswer } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { messageFrom } from '#test/support/records.ts'
import { until } from '#test/support/waiting.ts'

/** Every name has this address. */
const at =
  (address: string): GrpcScript =>
  message =>
    messageFrom(message, [`${readAnswer(message).question!.split(' ')[0]} 300 IN A ${address}`])

const rcode =
  (code: number): GrpcScript =>
  message =>
    messageFrom(message, [], { rcode: code })

const addressOf = async (server: InProcessServer, name = 'web.example.org') =>
  (await server.query(name)).answer.map(line => line.split(' ').at(-1)).join()

test('the question goes out as the client asks it, and what is answered comes back', async () => {
  await using upstream = await GrpcUpstream.start(at('192.0.2.1'))
  await using server = await startInProcess(`grpc . ${upstream.to}`)
  const { rcode, flags, answer } = await server.query('Web.Example.org', 'A', { id: 4711 })
  assert.deepEqual([rcode, flags, answer], ['NOERROR', 'qr rd ra', ['Web.Example.org. 300 IN A 192.0.2.1']])
  const { question, edns } = readAnswer(upstream.seen[0]!)
  assert.equal(question, 'Web.Example.org. IN A')
  assert.equal(edns?.udpSize, 1232)
})

test('a reply whose names the upstream did not compress comes whole to a client that takes it compressed only', async () => {
  const servers = Array.from({ length: 8 }, (_, i) => `wide.example.org. 300 IN NS ns${i}.with-a-long-name.wide.example.org.`)
  await using upstream = await GrpcUpstream.start(message => messageFrom(message, servers))
  await using server = await startInProcess(`grpc . ${upstream.to}`)
  const { flags, answer } = await server.query('wide.example.org.', 'NS')
  assert.deepEqual([flags, answer], ['qr rd ra', servers])
})

test('any number of queries at a time go over one connection, answered in any order', async () => {
  const waiting: (() => void)[] = []
  await using upstream = await GrpcUpstream.start(async (message, stream) => {
    await new Promise<void>(resolve => waiting.push(resolve))
    return at('192.0.2.1')(message, stream)
  })
  await using server = await startInProcess(`grpc . ${upstream.to}`)
  const names = Array.from({ length: 200 }, (_, i) => `${i}.example.org.`)
  const asked = names.map(name => server.query(name))
  await upstream.saw(100)
  // What the server does not take at a time waits until it does.
  const releasing = setInterval(() => waiting.pop()?.(), 1)
  const answers = await Promise.all(asked)
  clearInterval(releasing)
  assert.deepEqual(
    answers.map(({ answer }) => answer[0]),
    names.map(name => `${name} 300 IN A 192.0.2.1`),
  )
  assert.equal(upstream.connections, 1)
})

test('what is not below FROM, or is below a name of except, goes to the next plugin', async () => {
  await using upstream = await GrpcUpstream.start(at('192.0.2.1'))
  await using server = await startInProcess(`grpc example.org ${upstream.to} {\nexcept local.example.org example.org\n}\nwhoami`)
  for (const [name, taken] of [
    ['example.org', true],
    ['example.net', false],
    ['a.local.example.org', false],
  ] as const)
    assert.equal((await addressOf(server, name)) === '192.0.2.1', taken, name)
  assert.equal(upstream.seen.length, 1)
})

for (const [policy, expected] of [
  ['sequential', ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1']],
  // As in CoreDNS, the second comes first.
  ['round_robin', ['192.0.2.2', '192.0.2.1', '192.0.2.2', '192.0.2.1']],
] as const)
  test(`policy ${policy}`, async () => {
    await using one = await GrpcUpstream.start(at('192.0.2.1'))
    await using two = await GrpcUpstream.start(at('192.0.2.2'))
    await using server = await startInProcess(`grpc . ${one.to} ${two.to} {\npolicy ${policy}\n}`)
    const addresses: string[] = []
    for (let i = 0; i < 4; i++) addresses.push(await addressOf(server))
    assert.deepEqual(addresses, expected)
  })

test('without a policy, upstreams are asked by chance', async () => {
  await using one = await GrpcUpstream.start(at('192.0.2.1'))
  await using two = await GrpcUpstream.start(at('192.0.2.2'))
  await using server = await startInProcess(`grpc . ${one.to} ${two.to}`)
  await until(async () => (await addressOf(server)) === '192.0.2.1')
  await until(async () => (await addressOf(server)) === '192.0.2.2')
})

test('where one fails, the next is asked; one that is gone is left alone until it is back', async () => {
  const port = await freePort()
  await using alive = await GrpcUpstream.start(at('192.0.2.2'))
  await using server = await startInProcess(`grpc . 127.0.0.1:${port} ${alive.to} {\npolicy sequential\n}`)
  assert.equal(await addressOf(server), '192.0.2.2')
  await using _back = await GrpcUpstream.start(at('192.0.2.1'), { listen: port })
  await until(async () => (await addressOf(server)) === '192.0.2.1')
})

test('where all fail, SERVFAIL at once, with the cause of the last; they are back as soon as they are', async () => {
  const [one, two] = [await freePort(), await freePort()]
  await using server = await startInProcess(`errors\ngrpc . 127.0.0.1:${one} 127.0.0.1:${two} {\npolicy sequential\n}`)
  const failed = await server.query('web.example.org', 'A', { edns: true })
  assert.deepEqual([failed.rcode, extendedErrorOf(failed)], ['SERVFAIL', '22'])
  const dialling = 'connection error: desc = "transport: Error while dialing: dial tcp'
  await server.waitForLine(
    new RegExp(
      `2 web.example.org. A: rpc error: code = Unavailable desc = ${dialling} 127.0.0.1:${two}: connect: connection refused"$`,
    ),
  )
  await using _back = await GrpcUpstream.start(at('192.0.2.1'), { listen: two })
  await until(async () => (await addressOf(server)) === '192.0.2.1')
})

test('the cause is that of an upstream that is there', async () => {
  await using errs = await GrpcUpstream.start((_message, stream) => refuse(stream, { 'grpc-status': '2', 'grpc-message': 'x' }))
  const port = await freePort()
  await using server = await startInProcess(`errors\ngrpc . ${errs.to} 127.0.0.1:${port} {\npolicy sequential\n}`)
  for (const cause of [/Unavailable/, /Unknown desc = x$/]) {
    const from = server.lines.length
    assert.equal((await server.query('web.example.org')).rcode, 'SERVFAIL')
    assert.match(await server.waitForLine(/plugin\/errors/, { from }), cause)
  }
})

test('an upstream that says nothing is not waited for while there is another', async () => {
  await using silent = await GrpcUpstream.start(() => undefined)
  await using alive = await GrpcUpstream.start(at('192.0.2.2'))
  await using server = await startInProcess(`grpc . ${silent.to} ${alive.to} {\npolicy sequential\n}`)
  assert.equal(await addressOf(server), '192.0.2.2')
  // It answers pings: it is slow, and not gone.
  assert.equal(silent.connections, 1)
  silent.script = at('192.0.2.1')
  assert.equal(await addressOf(server), '192.0.2.1')
  assert.equal(silent.connections, 1)
})

test('one that takes connections and does not speak is left alone', async () => {
  const sockets: Socket[] = []
  const server = createServer(socket => void sockets.push(socket.on('error', () => {}).resume())).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await using alive = await GrpcUpstream.start(at('192.0.2.2'))
  await using dns = await startInProcess(`grpc . 127.0.0.1:${port} ${alive.to} {\npolicy sequential\n}`)
  assert.equal(await addressOf(dns), '192.0.2.2')
  for (const socket of sockets) socket.destroy()
  server.close()
})

for (const [title, lose] of [
  ['cut', (upstream: GrpcUpstream) => upstream.disconnect()],
  ['left', (upstream: GrpcUpstream) => upstream.goAway()],
] as const)
  test(`a connection that is ${title}: what comes next, and what was not answered, goes over another`, async () => {
    await using upstream = await GrpcUpstream.start(at('192.0.2.1'))
    await using server = await startInProcess(`grpc . ${upstream.to}`)
    assert.equal(await addressOf(server), '192.0.2.1')
    let asked = 0
    upstream.script = message => {
      asked++
      if (asked > 1) return at('192.0.2.2')(message, undefined as never)
      lose(upstream)
      return title === 'left' ? at('192.0.2.2')(message, undefined as never) : undefined
    }
    assert.equal(await addressOf(server), '192.0.2.2')
    assert.equal(await addressOf(server, 'www.example.org'), '192.0.2.2')
    assert.equal(upstream.connections, 2)
  })

test('fallthrough: what no upstream knows, or none answers, goes to the next plugin', async () => {
  await using upstream = await GrpcUpstream.start(rcode(3))
  await using server = await startInProcess(`grpc . ${upstream.to} {\nfallthrough example.org\n}\nwhoami`)
  const rcodes = async () => [(await server.query('a.example.org')).rcode, (await server.query('a.example.net')).rcode]
  assert.deepEqual(await rcodes(), ['NOERROR', 'NXDOMAIN'])
  upstream.script = (_message, stream) => refuse(stream, { 'grpc-status': '5' })
  assert.deepEqual(await rcodes(), ['NOERROR', 'NXDOMAIN'])
  upstream.script = (_message, stream) => refuse(stream, { 'grpc-status': '2' })
  assert.deepEqual(await rcodes(), ['NOERROR', 'SERVFAIL'])
  upstream.script = rcode(5)
  assert.deepEqual(await rcodes(), ['REFUSED', 'REFUSED'])
})

test('fallthrough: where nothing is behind, the answer is what the upstream says', async () => {
  await using upstream = await GrpcUpstream.start(rcode(3))
  await using server = await startInProcess(`grpc . ${upstream.to} {\nfallthrough\n}`)
  assert.equal((await server.query('a.example.org')).rcode, 'NXDOMAIN')
})

test('an upstream at a socket of the machine', async () => {
  const path = join(tmpdir(), `grpc-${process.pid}.sock`)
  await using upstream = await GrpcUpstream.start(at('192.0.2.1'), { listen: path })
  await using server = await startInProcess(`grpc . unix://${path}`)
  assert.equal(await addressOf(server), '192.0.2.1')
  assert.equal(upstream.seen.length, 1)
  assert.equal(await server.metric('coredns_grpc_requests_total', { to: `unix://${path}` }), 1)
})

test('what upstreams answer is counted', async () => {
  await using upstream = await GrpcUpstream.start(at('192.0.2.1'))
  await using server = await startInProcess(`grpc . ${upstream.to}`)
  await server.query('a.example.org')
  upstream.script = rcode(3)
  await server.query('b.example.org')
  upstream.script = (_message, stream) => refuse(stream, { 'grpc-status': '2' })
  await server.query('c.example.org')
  const { to } = upstream
  assert.equal(await server.metric('coredns_grpc_requests_total', { to }), 2)
  assert.equal(await server.metric('coredns_grpc_responses_total', { to, rcode: 'NOERROR' }), 1)
  assert.equal(await server.metric('coredns_grpc_responses_total', { to, rcode: 'NXDOMAIN' }), 1)
  assert.equal(await server.metric('coredns_grpc_request_duration_seconds_count', { to }), 2)
})

test('a reload keeps the connections to upstreams that stay, and closes the others', async () => {
  await using stays = await GrpcUpstream.start(at('192.0.2.1'))
  await using goes = await GrpcUpstream.start(at('192.0.2.2'))
  const corefile = (...to: string[]) => `.:0 {\ngrpc . ${to.join(' ')} {\npolicy round_robin\n}\n}\n`
  await using server = new InProcessServer(corefile(stays.to, goes.to))
  await server.server.start()
  for (let i = 0; i < 2; i++) await addressOf(server)
  server.corefile = corefile(stays.to)
  await server.server.reload()
  assert.equal(await addressOf(server), '192.0.2.1')
  assert.deepEqual([stays.connections, goes.connections], [1, 1])
  await until(() => goes.open === 0)
  assert.equal(stays.open, 1)
})

test('a server of the usual library of gRPC', async () => {
  const raw = (octets: Buffer): Buffer => octets
  const method = { path: QUERY, requestStream: false, responseStream: false, requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw } as const // biome-ignore format: one method
  const service = new Server()
  service.addService(
    { query: method },
    {
      query(call: { request: Buffer }, answer: (error: null, packet: Buffer) => void) {
        answer(null, writePacket(at('192.0.2.1')(readPacket(call.request), undefined as never) as Buffer))
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    service.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  await using server = await startInProcess(`grpc . 127.0.0.1:${port}`)
  assert.equal(await addressOf(server), '192.0.2.1')
  service.forceShutdown()
})

test('CoreDNS', { skip: noCoreDns() ?? false }, async () => {
  const port = await freePort()
  await using _coredns = await CoreDns.start(`grpc://.:${port} {\nhosts {\n192.0.2.1 web.example.org\n}\n}\n`)
  await using server = await startInProcess(`grpc . 127.0.0.1:${port}`)
  assert.equal(await addressOf(server), '192.0.2.1')
})
