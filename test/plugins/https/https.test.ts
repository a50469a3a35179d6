import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { after, afterEach, before, suite, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { https } from '#plugins/https/index.ts'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { InProcessServer } from '#test/support/in-process.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { until } from '#test/support/waiting.ts'

test('options', () => {
  assert.deepEqual(https.parse(directiveOf('https')), { connections: undefined, streams: undefined })
  const lines = 'https {\nmax_connections 7\nmax_streams 4294967295\n}'
  assert.deepEqual(https.parse(directiveOf(lines)), { connections: 7, streams: 4294967295 })
  assert.deepEqual(https.parse(directiveOf('https {\nmax_connections 0\nmax_streams 0\n}')), {
    connections: undefined,
    streams: undefined,
  })
})

test('what is no option is refused', () => {
  refuses(https, 'https 100', /expected no more arguments/)
  refuses(https, 'https {\nmax_connections\n}', /expected N/)
  refuses(https, 'https {\nmax_connections many\n}', /N must be a whole number of at least 0: 'many'/)
  refuses(https, 'https {\nmax_streams -1\n}', /between 0 and 4294967295: '-1'/)
  refuses(https, 'https {\nmax_streams 4294967296\n}', /between 0 and 4294967295/)
  refuses(https, 'https {\nmax_streams 1 2\n}', /expected no more arguments/)
  refuses(https, 'https {\nmax_streams 1\nmax_streams 1\n}', /max_streams already defined for this server block/)
  refuses(https, 'https {\nmax_stream 1\n}', /unknown property 'max_stream'.*max_streams/)
  refuses(https, 'https\nhttps', /only be used once/)
})

suite('https://', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  let authority: Authority
  before(() => {
    authority = new Authority()
    authority.issue('server', 'IP:127.0.0.1')
  })
  const sockets: TLSSocket[] = []
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
  })
  after(() => authority[Symbol.dispose]())

  const block = (lines: string, label = 'https://.:0') =>
    `${label} {\ntls ${authority.path('server.pem')} ${authority.path('server.key')}\n${lines}\nwhoami\n}\n`
  const ca = () => authority.read('ca.pem')

  const startWith = async (corefile: string) => {
    const server = new InProcessServer(corefile)
    await server.server.start()
    return server
  }

  /** Undefined for a connection that was closed instead of served. */
  const open = async (port: number): Promise<TLSSocket | undefined> => {
    const socket = connectTls({ host: '127.0.0.1', port, ca: ca() }).on('error', () => {})
    sockets.push(socket)
    await new Promise(resolve => socket.once('secureConnect', resolve).once('close', resolve))
    return socket.destroyed ? undefined : socket
  }

  test('connections beyond max_connections are closed, until others end; a reload changes the bound', async () => {
    await using server = await startWith(block('https {\nmax_connections 2\n}'))
    const first = (await open(server.port))!
    assert.ok(await open(server.port))
    assert.ok(!(await open(server.port)))
    assert.equal(await server.metric('coredns_tcp_connections_refused_total'), 1)
    first.destroy()
    // The server hears of it a moment later.
    await until(async () => Boolean(await open(server.port)))
    server.corefile = block('https {\nmax_connections 3\n}')
    await server.server.reload()
    assert.ok(await open(server.port))
    assert.ok(!(await open(server.port)))
  })

  test('other listeners do not count', async () => {
    const plain = '.:0 {\nhttps {\nmax_connections 1\n}\nwhoami\n}\n'
    await using server = await startWith(plain + block('https {\nmax_connections 1\n}'))
    const [dns, secure] = server.server.zones.map(({ port }) => port)
    assert.ok(await open(secure!))
    assert.ok(!(await open(secure!)))
    const asked = [1, 2, 3].map(() => server.queryTcp('example.org'))
    assert.equal(dns, server.port)
    for (const { rcode } of await Promise.all(asked)) assert.equal(rcode, 'NOERROR')
  })

  /** How many streams a server says that it takes, and whether it answers. */
  async function streams(port: number): Promise<number | undefined> {
    const session: ClientHttp2Session = connect(`https://127.0.0.1:${port}`, { ca: ca() })
    try {
      await once(session, 'remoteSettings')
      const path = `/dns-query?dns=${queryMessage('example.org', 'A').toString('base64url')}`
      assert.equal(readAnswer(Buffer.concat(await session.request({ ':path': path }).toArray())).rcode, 'NOERROR')
      return session.remoteSettings.maxConcurrentStreams
    } finally {
      session.destroy()
    }
  }

  for (const [lines, ours, theirs] of [
    ['https {\nmax_streams 7\n}', 7, 7],
    ['https {\nmax_streams 4294967295\n}', 4294967295, 4294967295],
    ['https', 100, 250],
    ['https {\nmax_streams 0\n}', 100, 250],
  ] as const)
    test(`${lines.replaceAll('\n', ' ')}: clients are told of ${ours} streams, by CoreDNS of ${theirs}`, async t => {
      await using server = await startWith(block(lines))
      assert.equal(await streams(server.port), ours)
      if (noCoreDns()) return t.diagnostic('coredns is not on this machine')
      const port = await freePort()
      await using _other = await CoreDns.start(block(lines, `https://.:${port}`))
      assert.equal(await streams(port), theirs)
    })

  test('blocks of one port that say different bounds are refused; one may say it for all', async () => {
    const another = (lines: string) => block(lines, 'https://example.org:0')
    for (const option of ['max_streams', 'max_connections']) {
      await using server = new InProcessServer(block(`https {\n${option} 1\n}`) + another(`https {\n${option} 2\n}`))
      await assert.rejects(
        server.server.start(),
        new RegExp(`conflicting ${option} values for shared HTTPS listener https://:0: `),
      )
    }
    await using server = await startWith(block('') + another('https {\nmax_streams 9\nmax_connections 1\n}'))
    assert.equal(await streams(server.port), 9)
    await until(async () => Boolean(await open(server.port)))
    assert.ok(!(await open(server.port)))
  })
})
