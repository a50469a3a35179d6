/** Sinks, which connect to the server. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { suite, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { toKey } from '#src/dns/name.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { answer } from '#src/plugin.ts'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { askTcp, askUdp } from '#test/support/client.ts'
import { Sink, socketPath } from '#test/support/dnstap.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { queryMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'

const started = (...sinks: Sink[]) => until(() => sinks.every(sink => sink.started === 1))

test('each sink gets what comes from when it is there, over a unix socket', async () => {
  await using socket = await socketPath()
  await using server = await startInProcess(`dnstap listen unix://${socket.path} full\nwhoami`)
  await server.query('nobody.example.org')
  using first = Sink.connect(socket)
  await started(first)
  await server.query('one.example.org')
  await first.received(2)
  using second = Sink.connect(socket)
  await started(second)
  await server.query('both.example.org')
  await Promise.all([first.received(4), second.received(2)])
  assert.deepEqual([first.messages.length, second.messages.length], [4, 2])
  first.disconnect()
  await server.query('second.example.org')
  await second.received(4)
  await server.server.shutdown()
  assert.deepEqual([first.stopped, second.stopped], [0, 1])
})

test('over TCP; one that reads nothing is left, and the others lose nothing', async () => {
  const port = await freePort()
  await using server = await startInProcess(`dnstap listen tcp://127.0.0.1:${port} full\nscript`)
  const key = toKey('big.example.org')
  const builder = new SectionsBuilder(key)
  for (let i = 0; i < 200; i++) builder.strings(key, 16, 60, ['x'.repeat(250)])
  server.script = () => answer(builder.build())
  using deaf = Sink.connect({ port })
  deaf.faults.deaf = true
  using sink = Sink.connect({ port })
  await started(deaf, sink)
  for (let i = 0; i < 200; i++) await askTcp(queryMessage('big.example.org', 'TXT'), server)
  await sink.received(400)
  await until(() => deaf.socket.resume().closed)
  await server.waitForLine(/^\[WARNING\] plugin\/dnstap: A dnstap client is left: it does not keep up$/)
  assert.ok((await server.metric('coredns_dnstap_dropped_total', { endpoint: `tcp 127.0.0.1:${port}` }))! > 0)
})

test('one that does not accept is left', async () => {
  const port = await freePort()
  await using server = await startInProcess(`dnstap listen tcp://127.0.0.1:${port}\nwhoami`)
  using sink = Sink.connect({ port })
  sink.faults.accepts = 'protobuf:other'
  await until(() => sink.connections === 1 && sink.open.size === 0)
  assert.equal((await server.query('www.example.org')).rcode, 'NOERROR')
  assert.equal(sink.started, 0)
  await server.waitForLine(/A dnstap client is left: content type mismatch$/)
})

test('no more than 32 at a time', async () => {
  await using socket = await socketPath()
  await using server = await startInProcess(`dnstap listen ${socket.path}\nwhoami`)
  const sinks: Sink[] = []
  try {
    for (let i = 0; i < 33; i++) sinks.push(Sink.connect(socket))
    await until(() => sinks.filter(sink => sink.started === 1).length === 32 && sinks.some(sink => sink.open.size === 0))
    await server.query('www.example.org')
    await Promise.all(sinks.filter(sink => sink.started === 1).map(sink => sink.received(2)))
  } finally {
    for (const sink of sinks) sink[Symbol.dispose]()
  }
})

test('an address that is taken is told of, and listened on when it is free; queries are answered meanwhile', async () => {
  const port = await freePort()
  const other = createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  try {
    await using server = await startInProcess(`dnstap listen tcp://127.0.0.1:${port}\nwhoami`)
    await server.waitForLine(
      /^\[ERROR\] plugin\/dnstap: Failed to start dnstap listener: listen tcp 127\.0\.0\.1:\d+: bind: address already in use$/,
    )
    assert.equal((await server.query('www.example.org')).rcode, 'NOERROR')
    other.close()
    await server.waitForLine(/^\[INFO\] plugin\/dnstap: Listening on tcp 127\.0\.0\.1:\d+$/)
    using sink = Sink.connect({ port })
    await started(sink)
    await server.query('www.example.org')
    await sink.received(2)
  } finally {
    other.close()
  }
})

test('a socket that a killed server has left is taken over', async () => {
  await using socket = await socketPath()
  const corefile = `.:0 {\n dnstap listen ${socket.path}\n whoami\n}\n`
  await using killed = await startServer(corefile)
  using before = Sink.connect(socket)
  await started(before)
  killed.signal('SIGKILL')
  await killed.exited
  await using server = await startServer(corefile)
  await until(async () => {
    using sink = Sink.connect(socket)
    await until(() => sink.started === 1 || sink.open.size === 0)
    if (sink.started === 0) return false
    await server.query('www.example.org')
    await sink.received(2)
    return true
  })
})

test('server blocks with the same line share the listener', async () => {
  await using socket = await socketPath()
  const block = (zone: string) => `${zone}:0 {\n dnstap listen ${socket.path} {\n  identity ${zone}\n }\n whoami\n}\n`
  await using server = new InProcessServer(block('.') + block('example.org'))
  await server.server.start()
  using sink = Sink.connect(socket)
  await started(sink)
  await server.query('www.example.net')
  await askUdp(queryMessage('www.example.org', 'A'), {
    port: server.server.zones.find(({ zone }) => zone === 'example.org.')!.port,
  })
  await sink.received(4)
  assert.deepEqual(sink.messages.map(({ identity }) => identity).sort(), ['.', '.', 'example.org', 'example.org'])
})

test('a file that is no socket stays', async () => {
  await using socket = await socketPath()
  await writeFile(socket.path, 'mine')
  await using server = await startInProcess(`dnstap listen ${socket.path}\nwhoami`)
  await server.waitForLine(/Failed to start dnstap listener: .*address already in use/)
  assert.equal(await readFile(socket.path, 'utf8'), 'mine')
})

test('a reload keeps sinks, and the last Corefile without the line ends them', async () => {
  await using socket = await socketPath()
  await using server = await startInProcess(`dnstap listen ${socket.path}\nwhoami`)
  using sink = Sink.connect(socket)
  await started(sink)
  server.corefile = `.:0 {\n dnstap listen ${socket.path} full {\n  identity OTHER\n }\n log\n whoami\n}\n`
  await server.server.reload()
  await server.query('www.example.org')
  const [query] = await sink.received(2)
  assert.equal(query!.identity, 'OTHER')
  assert.ok(query!.queryMessage)
  server.corefile = '.:0 {\n whoami\n}\n'
  await server.server.reload()
  await until(() => sink.stopped === 1 && sink.open.size === 0)
  assert.equal(sink.connections, 1)
  using late = Sink.connect(socket)
  await until(() => late.open.size === 0)
  assert.equal(late.started, 0)
})

suite('over TLS', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  test('a client certificate must be good where a CA is named, and may be missing with skipverify', async () => {
    using authority = new Authority()
    using stranger = new Authority()
    authority.issue('server', 'IP:127.0.0.1')
    const good = authority.issue('client', 'DNS:client.example.org')
    const bad = stranger.issue('client', 'DNS:client.example.org')
    const ca = authority.read('ca.pem')
    const files = `${authority.path('server.pem')} ${authority.path('server.key')}`
    for (const [options, clients] of [
      [`tls ${files}`, { none: true, good: true, bad: true }],
      [`tls ${files} ${authority.path('ca.pem')}`, { none: false, good: true, bad: false }],
      [`tls ${files} ${authority.path('ca.pem')}\nskipverify`, { none: true, good: true, bad: false }],
    ] as const) {
      const port = await freePort()
      await using server = await startInProcess(`dnstap listen tls://127.0.0.1:${port} {\n${options}\n}\nwhoami`)
      for (const [name, credentials] of Object.entries({ none: {}, good, bad })) {
        using sink = new Sink(connectTls({ host: '127.0.0.1', port, ca, ...credentials }))
        await until(() => sink.started === 1 || sink.open.size === 0)
        assert.equal(sink.started === 1, clients[name as keyof typeof clients], `${options}: ${name}`)
        if (sink.started === 0) continue
        await server.query('www.example.org')
        await sink.received(2)
      }
    }
  })

  test('files that do not hold what they should keep the server from starting', async () => {
    await assert.rejects(
      startInProcess('dnstap listen tls://127.0.0.1:0 {\n tls /dev/null /dev/null\n}\nwhoami'),
      /plugin\/dnstap: .*:\d+ - could not load TLS files/,
    )
  })
})
