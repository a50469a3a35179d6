import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { TcpClient } from '#test/support/client.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { runServer, startServer } from '#test/support/server.ts'

const HOSTS = 'hosts {\n192.0.2.1 web.example.org\n}'

/** A client of `tls://`, and what it has for its part. */
class TlsClient extends TcpClient {
  constructor(port: number, options: ConnectionOptions = {}) {
    super({ port }, connect({ host: '127.0.0.1', port, ...options }))
  }

  get certificate(): string | undefined {
    return (this.socket as TLSSocket).getPeerX509Certificate()?.subjectAltName
  }

  /** The answer to a question; undefined where the server closes the connection instead. */
  async ask(name: string): Promise<readonly string[] | undefined> {
    this.send(queryMessage(name, 'A'))
    const reply = await this.next()
    return reply && readAnswer(reply).answer
  }
}

suite('tls', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  let authority: Authority
  let stranger: Authority
  before(() => {
    authority = new Authority()
    stranger = new Authority()
    for (const [file, names] of [
      ['first', 'IP:127.0.0.1'],
      ['second', 'IP:127.0.0.1,DNS:second.example.org'],
      ['client', 'DNS:client.example.org'],
    ] as const)
      authority.issue(file, names)
    stranger.issue('client', 'DNS:client.example.org')
  })
  after(() => {
    authority[Symbol.dispose]()
    stranger[Symbol.dispose]()
  })

  const trusted = () => ({ ca: authority.read('ca.pem') })
  const line = (file = 'first') => `tls ${authority.path(`${file}.pem`)} ${authority.path(`${file}.key`)}`

  for (const scheme of ['tls', 'https'])
    test(`${scheme}: clients that reset the connection while they shake hands harm nobody`, async () => {
      await using server = await startServer(`${scheme}://.:0 {\n${line()}\n${HOSTS}\n}\n.:0 {\n${HOSTS}\n}\n`)
      const { port } = server
      for (let i = 0; i < 10; i++) {
        const socket = connectTcp(port, '127.0.0.1').on('error', () => {})
        const closed = once(socket, 'close')
        const client = connect({ socket, host: '127.0.0.1', ...trusted(), ALPNProtocols: ['h2'] }).on('error', () => {})
        // It finds the last word of the handshake and the reset at once.
        client.once('secureConnect', () => server.signal('SIGSTOP'))
        await once(client, 'secureConnect')
        await sleep(5)
        socket.resetAndDestroy()
        await closed
        server.signal('SIGCONT')
      }
      server.signal('SIGTERM')
      assert.deepEqual(await server.exited, { code: 0, signal: null })
      assert.ok(!server.output.includes('exception'), server.output)
    })

  test('queries are answered over TLS, many on a connection, beside plain DNS', async () => {
    const metrics = await freePort()
    await using server = await startServer(
      `tls://.:0 {\n${line()}\nprometheus 127.0.0.1:${metrics}\n${HOSTS}\nlog\n}\n.:0 {\n${HOSTS}\n}\n`,
    )
    await server.waitForLine(/^tls:\/\/\.:\d+$/)
    const [secure, plain] = server.ports
    await using client = new TlsClient(secure!, trusted())
    client.send(...Array.from({ length: 20 }, (_, i) => queryMessage('web.example.org', 'A', { id: i })))
    const ids = new Set<number>()
    for (let i = 0; i < 20; i++) ids.add((await client.next())!.readUInt16BE(0))
    assert.equal(ids.size, 20)
    assert.deepEqual((await server.query('web.example.org', 'A', { port: plain! })).answer, [
      'web.example.org. 3600 IN A 192.0.2.1',
    ])
    await assert.rejects(server.query('web.example.org', 'A', { port: secure! }), 'nothing answers in the clear there')
    await server.waitForLine(/"A IN web\.example\.org\. tcp /)
    const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()
    assert.match(text, /coredns_dns_requests_total\{server="tls:\/\/:\d+",zone="\.",view="",proto="tcp",[^}]*\} 20/)
  })

  test('several threads answer, each with the certificate', async () => {
    await using server = await startServer(`tls://.:0 {\nmultisocket 2\n${line()}\n${HOSTS}\n}\n`)
    for (let i = 0; i < 10; i++) {
      await using client = new TlsClient(server.port, trusted())
      assert.equal((await client.ask('web.example.org'))?.length, 1)
    }
  })

  for (const [auth, none, strange, good] of [
    ['nocert', true, true, true],
    ['request', true, true, true],
    ['require', false, true, true],
    ['verify_if_given', true, false, true],
    ['require_and_verify', false, false, true],
  ] as const) {
    test(`client_auth ${auth}`, async () => {
      await using server = await startServer(
        `tls://.:0 {\n${line()} ${authority.path('ca.pem')} {\nclient_auth ${auth}\n}\n${HOSTS}\n}\n`,
      )
      const of = (issuer: Authority) => ({ cert: issuer.read('client.pem'), key: issuer.read('client.key') })
      for (const [shown, taken] of [
        [{}, none],
        [of(stranger), strange],
        [of(authority), good],
      ] as const) {
        await using client = new TlsClient(server.port, { ...trusted(), ...shown })
        assert.equal((await client.ask('web.example.org')) !== undefined, taken, JSON.stringify(Object.keys(shown)))
      }
    })
  }

  test('another certificate in the same files is shown soon, and connections of before go on', async () => {
    await using server = await startServer(`tls://.:0 {\ntls cert.pem key.pem\n${HOSTS}\n}\n`, {
      files: { 'cert.pem': authority.read('first.pem'), 'key.pem': authority.read('first.key') },
    })
    await using early = new TlsClient(server.port, trusted())
    assert.equal((await early.ask('web.example.org'))?.length, 1)
    assert.doesNotMatch(early.certificate!, /second/)

    copyFileSync(authority.path('second.key'), join(server.folder, 'key.pem'))
    await server.waitForLine(/plugin\/tls: the old certificate stays in use: .*the key is not that of the certificate/)
    // A connection without queries ends.
    assert.equal((await early.ask('web.example.org'))?.length, 1)
    copyFileSync(authority.path('second.pem'), join(server.folder, 'cert.pem'))
    await server.waitForLine(/plugin\/tls: the certificate has changed: reloading/)
    for (let shown: string | undefined = ''; !/second/.test(shown ?? ''); ) {
      await using late = new TlsClient(server.port, trusted())
      assert.equal((await late.ask('web.example.org'))?.length, 1)
      shown = late.certificate
    }
    assert.equal((await early.ask('web.example.org'))?.length, 1)
  })

  for (const [file, change] of [
    ['is wrong by now', (corefile: string) => corefile.replace('hosts', 'hoost')],
    ['says something else by now', (corefile: string) => corefile.replace('192.0.2.1 web', '192.0.2.2 web')],
  ] as const)
    test(`another certificate is shown by what runs where the Corefile ${file}`, async () => {
      await using server = await startServer(`tls://.:0 {\ntls cert.pem key.pem\n${HOSTS}\n}\n`, {
        files: { 'cert.pem': authority.read('first.pem'), 'key.pem': authority.read('first.key') },
      })
      const corefile = readFileSync(server.path('Corefile'), 'utf8')
      assert.notEqual(change(corefile), corefile)
      writeFileSync(server.path('Corefile'), change(corefile))
      copyFileSync(authority.path('second.key'), server.path('key.pem'))
      copyFileSync(authority.path('second.pem'), server.path('cert.pem'))
      await server.waitForLine(/plugin\/tls: the certificate has changed: reloading/)
      for (let shown: string | undefined = ''; !/second/.test(shown ?? ''); ) {
        await using client = new TlsClient(server.port, trusted())
        assert.deepEqual(await client.ask('web.example.org'), ['web.example.org. 3600 IN A 192.0.2.1'])
        shown = client.certificate
      }
    })

  test('another certificate is shown, too, where the reload works only later', async () => {
    const upstream = 'forward . 127.0.0.1:9 {\ntls ca.pem\n}'
    await using server = await startServer(`tls://.:0 {\ntls cert.pem key.pem\n${HOSTS}\n${upstream}\n}\n`, {
      files: {
        'cert.pem': authority.read('first.pem'),
        'key.pem': authority.read('first.key'),
        'ca.pem': authority.read('first.pem'),
      },
    })
    rmSync(server.path('ca.pem'))
    copyFileSync(authority.path('second.key'), server.path('key.pem'))
    copyFileSync(authority.path('second.pem'), server.path('cert.pem'))
    await server.waitForLine(/plugin\/tls: the old certificate stays in use: .*ca\.pem/)
    copyFileSync(authority.path('first.pem'), server.path('ca.pem'))
    for (let shown: string | undefined = ''; !/second/.test(shown ?? ''); ) {
      await using client = new TlsClient(server.port, trusted())
      assert.equal((await client.ask('web.example.org'))?.length, 1)
      shown = client.certificate
    }
  })

  test('who says nothing, or what is no TLS, is let go of, and others are answered', async () => {
    const metrics = await freePort()
    await using server = await startServer(`tls://.:0 {\n${line()}\nprometheus 127.0.0.1:${metrics}\n${HOSTS}\n}\n`)
    const closed = (socket: ReturnType<typeof connectTcp>) =>
      new Promise(resolve =>
        socket
          .on('error', () => {})
          .on('close', resolve)
          .resume(),
      )
    const silent = closed(connectTcp(server.port, '127.0.0.1'))
    const talking = connectTcp(server.port, '127.0.0.1')
    talking.write(queryMessage('web.example.org', 'A'))
    const plain = closed(talking)
    const old = closed(
      connect({ host: '127.0.0.1', port: server.port, ...trusted(), minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }),
    )
    await using client = new TlsClient(server.port, trusted())
    assert.equal((await client.ask('web.example.org'))?.length, 1)
    await Promise.all([silent, plain, old])
    await sleep(50)
    assert.equal((await client.ask('web.example.org'))?.length, 1)
  })

  test('who leaves while shaking hands is let go of at once', async () => {
    await using server = await startServer(`tls://.:0 {\n${line()}\ntimeouts {\nread 1h\n}\n${HOSTS}\n}\n`)
    const socket = connectTcp(server.port, '127.0.0.1')
      .resume()
      .end(Buffer.of(22, 3, 1, 1, 0))
    await once(socket, 'close', { signal: AbortSignal.timeout(30_000) })
  })

  test('SIGTERM: what was asked is answered, then the connection ends', async () => {
    await using server = await startServer(`tls://.:0 {\n${line()}\n${HOSTS}\n}\n`)
    await using client = new TlsClient(server.port, trusted())
    assert.equal((await client.ask('web.example.org'))?.length, 1)
    server.signal('SIGTERM')
    assert.equal(await client.next(), undefined)
    assert.deepEqual(await server.exited, { code: 0, signal: null })
  })

  for (const [title, corefile, message] of [
    [
      'no certificate',
      () => 'tls://.:0 {\nwhoami\n}',
      /Corefile:1 - .*tls:\/\/:0 needs a certificate: add tls to its server block/,
    ],
    ['no key', () => `.:0 {\ntls ${authority.path('first.pem')}\n}`, /Corefile:2 - .*KEY/],
    ['acme', () => '.:0 {\ntls acme {\ndomain example.org\n}\n}', /Corefile:2 - .*acme is not supported/],
    ['a word that is none', () => `.:0 {\n${line()} {\nclient_auth always\n}\n}`, /Corefile:3 - .*always/],
    ['a file that is not there', () => '.:0 {\ntls a.pem b.pem\n}', /plugin\/tls: .*:2 - could not load TLS files: .*a\.pem/],
    [
      'a key of another certificate',
      () => `.:0 {\ntls ${authority.path('first.pem')} ${authority.path('second.key')}\n}`,
      /plugin\/tls: .*:2 - could not load TLS files: the key is not that of the certificate/,
    ],
    [
      'two certificates for a port',
      () => `tls://a.example:8853 {\n${line()}\nwhoami\n}\ntls://b.example:8853 {\n${line('second')}\nwhoami\n}`,
      /Corefile:5 - .*tls:\/\/:8853 has one certificate/,
    ],
  ] as const)
    test(`refused: ${title}`, async () => {
      await using server = await runServer(`${corefile()}\n`)
      assert.equal((await server.exited).code, 1)
      assert.match(server.output, message)
    })
})
