import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { after, afterEach, before, suite, test } from 'node:test'
import { status } from '@grpc/grpc-js'
import { grpc_server } from '#plugins/grpc_server/index.ts'
import { readPacket, writePacket } from '#src/grpc/dns-service.ts'
import { frame } from '#src/grpc/frames.ts'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { GrpcClient } from '#test/support/dns-grpc.ts'
import { call } from '#test/support/grpc-call.ts'
import { InProcessServer } from '#test/support/in-process.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { until } from '#test/support/waiting.ts'

const message = queryMessage('example.org', 'A')

test('options', () => {
  assert.deepEqual(grpc_server.parse(directiveOf('grpc_server')), { connections: undefined, streams: undefined })
  const lines = 'grpc_server {\nmax_connections 7\nmax_streams 4294967295\n}'
  assert.deepEqual(grpc_server.parse(directiveOf(lines)), { connections: 7, streams: 4294967295 })
  assert.deepEqual(grpc_server.parse(directiveOf('grpc_server {\nmax_connections 0\nmax_streams 0\n}')), {
    connections: undefined,
    streams: undefined,
  })
})

test('what is no option is refused', () => {
  refuses(grpc_server, 'grpc_server 100', /expected no more arguments/)
  refuses(grpc_server, 'grpc_server {\nmax_connections\n}', /expected N/)
  refuses(grpc_server, 'grpc_server {\nmax_streams -1\n}', /between 0 and 4294967295: '-1'/)
  refuses(grpc_server, 'grpc_server {\nmax_streams 1\nmax_streams 1\n}', /max_streams already defined for this server block/)
  refuses(grpc_server, 'grpc_server {\nmax_stream 1\n}', /unknown property 'max_stream'.*max_streams/)
  refuses(grpc_server, 'grpc_server\ngrpc_server', /only be used once/)
})

const startWith = async (corefile: string) => {
  const server = new InProcessServer(corefile)
  await server.server.start()
  return server
}

const block = (lines = '', label = 'grpc://.:0') => `${label} {\n${lines}\nwhoami\n}\n`

/** How many streams a server says that it takes. */
async function streams(port: number): Promise<number | undefined> {
  const session = connect(`http://127.0.0.1:${port}`)
  try {
    await once(session, 'remoteSettings')
    assert.equal((await call(session, [frame(writePacket(message))])).code, status.OK)
    return session.remoteSettings.maxConcurrentStreams
  } finally {
    session.destroy()
  }
}

for (const [lines, told] of [
  ['grpc_server {\nmax_streams 7\n}', 7],
  ['grpc_server', 256],
  ['https {\nmax_streams 9\n}', 256],
] as const)
  test(`${lines.replaceAll('\n', ' ')}: clients are told of ${told} streams, as by CoreDNS`, async t => {
    await using server = await startWith(block(lines))
    assert.equal(await streams(server.port), told)
    if (noCoreDns()) return t.diagnostic('coredns is not on this machine')
    const port = await freePort()
    await using _other = await CoreDns.start(block(lines, `grpc://.:${port}`))
    assert.equal(await streams(port), told)
  })

suite('connections', () => {
  const sockets: Socket[] = []
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
  })

  /** Undefined for a connection that was closed instead of served. */
  const open = async (port: number): Promise<Socket | undefined> => {
    const socket = connectTcp({ host: '127.0.0.1', port }).on('error', () => {})
    sockets.push(socket)
    // The server says its settings first.
    await new Promise(resolve => socket.once('data', resolve).once('close', resolve))
    return socket.destroyed ? undefined : socket
  }

  test('those beyond max_connections are closed, until others end; a reload changes the bound', async () => {
    await using server = await startWith(block('grpc_server {\nmax_connections 2\n}'))
    const first = (await open(server.port))!
    assert.ok(await open(server.port))
    assert.ok(!(await open(server.port)))
    assert.equal(await server.metric('coredns_tcp_connections_refused_total'), 1)
    first.destroy()
    await until(async () => Boolean(await open(server.port)))
    server.corefile = block('grpc_server {\nmax_connections 3\n}')
    await server.server.reload()
    assert.ok(await open(server.port))
    assert.ok(!(await open(server.port)))
  })

  test('blocks of one port that say different bounds are refused', async () => {
    for (const option of ['max_streams', 'max_connections']) {
      const other = block(`grpc_server {\n${option} 2\n}`, 'grpc://example.org:0')
      await using server = new InProcessServer(block(`grpc_server {\n${option} 1\n}`) + other)
      await assert.rejects(server.server.start(), new RegExp(`conflicting ${option} values for shared gRPC listener grpc://:0: `))
    }
  })
})

test('what a proxy tells of its client counts', async () => {
  await using server = await startWith(block('proxyproto'))
  const socket = connectTcp({ host: '127.0.0.1', port: server.port })
  socket.write('PROXY TCP4 192.0.2.1 192.0.2.53 4242 53\r\n')
  const session = connect(`http://127.0.0.1:${server.port}`, { createConnection: () => socket })
  const { body } = await call(session, [frame(writePacket(message))])
  session.destroy()
  const [address, service] = readAnswer(readPacket(body.subarray(5))).additional
  assert.match(address!, / A 192\.0\.2\.1$/)
  assert.match(service!, /^_tcp\.\S+ .* 4242 /)
})

test('another CoreDNS asks over it', { skip: noCoreDns() ?? false }, async () => {
  await using server = await startWith(block())
  await using coredns = await CoreDns.start(`. {\ngrpc . 127.0.0.1:${server.port}\n}\n`)
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => coredns.query(`${i}.example.org`)))
  for (const { rcode, additional } of answers) assert.deepEqual([rcode, additional.length > 1], ['NOERROR', true])
  assert.equal(server.server.zones[0]!.zone, 'grpc://.')
})

suite('over TLS', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  let authority: Authority
  before(() => {
    authority = new Authority()
    authority.issue('server', 'IP:127.0.0.1,DNS:dns.example.org')
    authority.issue('client', 'DNS:client.example.org')
  })
  after(() => authority[Symbol.dispose]())

  const tls = (options = '') => `tls ${authority.path('server.pem')} ${authority.path('server.key')} ${options}`
  const ca = () => authority.read('ca.pem')

  test('client_auth holds', async () => {
    await using server = await startWith(block(tls(`${authority.path('ca.pem')} {\nclient_auth require_and_verify\n}`)))
    using stranger = new GrpcClient(server.port, { ca: ca() })
    assert.equal((await stranger.ask(message)).code, status.UNAVAILABLE)
    using known = new GrpcClient(server.port, { ca: ca(), cert: authority.read('client.pem'), key: authority.read('client.key') })
    assert.equal((await known.ask(message)).code, status.OK)
  })

  test('a reload has clients asked for TLS from then on, and takes it away', async () => {
    await using server = await startWith(block())
    const codes = async () => {
      using bare = new GrpcClient(server.port)
      using secure = new GrpcClient(server.port, { ca: ca() })
      return [(await bare.ask(message)).code, (await secure.ask(message)).code]
    }
    assert.deepEqual(await codes(), [status.OK, status.UNAVAILABLE])
    server.corefile = block(tls())
    await server.server.reload()
    assert.deepEqual(await codes(), [status.UNAVAILABLE, status.OK])
    server.corefile = block()
    await server.server.reload()
    assert.deepEqual(await codes(), [status.OK, status.UNAVAILABLE])
  })

  test('a block in the clear and one with a certificate do not share a port', async () => {
    await using server = new InProcessServer(block(tls()) + block('', 'grpc://example.org:0'))
    await assert.rejects(server.server.start(), /grpc:\/\/:0 has one certificate, and an earlier server block has another/)
  })

  test('another CoreDNS asks over it', { skip: noCoreDns() ?? false }, async () => {
    await using server = await startWith(block(tls()))
    await using coredns = await CoreDns.start(
      `. {\ngrpc . 127.0.0.1:${server.port} {\ntls ${authority.path('ca.pem')}\ntls_servername dns.example.org\n}\n}\n`,
    )
    assert.equal((await coredns.query('example.org')).rcode, 'NOERROR')
  })
})
