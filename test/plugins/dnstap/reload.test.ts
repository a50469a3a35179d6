/** Reloads, the end of the server, and several threads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collector, Sink, socketPath } from '#test/support/dnstap.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'

test('a reload keeps the connection, whatever else the line says', async () => {
  await using collector = await Collector.start()
  const to = `tcp://127.0.0.1:${collector.port}`
  await using server = await startInProcess(`dnstap ${to}\nwhoami`)
  await server.query('before.example.org')
  server.corefile = `.:0 {\n dnstap ${to} full {\n  identity OTHER\n }\n whoami\n}\n`
  await server.server.reload()
  await server.query('after.example.org')
  await collector.received(4)
  assert.deepEqual(
    collector.messages.map(({ identity, queryMessage, responseMessage }) => [
      identity === 'OTHER',
      (queryMessage ?? responseMessage) !== undefined,
    ]),
    [[false, false], [false, false], [true, true], [true, true]], // biome-ignore format: one line
  )
  assert.deepEqual([collector.connections, collector.stopped], [1, 0])
})

test('a reload keeps the connection where another server block has the line', async () => {
  await using collector = await Collector.start()
  const line = `dnstap tcp://127.0.0.1:${collector.port}`
  await using server = new InProcessServer(`.:0 {\n ${line}\n whoami\n}\nexample.org:0 {\n ${line}\n whoami\n}\n`)
  await server.server.start()
  await server.query('www.example.net')
  await collector.received(2)
  server.corefile = `example.net:0 {\n ${line}\n whoami\n}\n`
  await server.server.reload()
  await server.query('www.example.net')
  await collector.received(4)
  assert.deepEqual([collector.connections, collector.stopped], [1, 0])
})

test('a reload to another collector ends the stream to the first, with all that it was to have', async () => {
  await using first = await Collector.start()
  await using second = await Collector.start()
  await using server = await startInProcess(`dnstap tcp://127.0.0.1:${first.port}\nwhoami`)
  await until(() => first.started === 1)
  await server.query('before.example.org')
  server.corefile = `.:0 {\n dnstap tcp://127.0.0.1:${second.port}\n whoami\n}\n`
  await server.server.reload()
  await server.query('after.example.org')
  await second.received(2)
  await until(() => first.stopped === 1 && first.open.size === 0)
  assert.deepEqual([first.messages.length, second.messages.length], [2, 2])
})

test('a reload that fails changes nothing', async () => {
  await using collector = await Collector.start()
  await using server = await startInProcess(`dnstap tcp://127.0.0.1:${collector.port}\nwhoami`)
  await until(() => collector.started === 1)
  server.corefile = `.:0 {\n dnstap tcp://127.0.0.1:${collector.port}\n whoami\n tls /dev/null /dev/null\n}\n`
  await assert.rejects(server.server.reload())
  server.corefile = `.:0 {\n dnstap tcp://127.0.0.1:${collector.port}\n whoami\n}\n.:0 {\n whoami\n}\n`
  await assert.rejects(server.server.reload())
  await server.query('www.example.org')
  await collector.received(2)
  assert.deepEqual([collector.connections, collector.stopped], [1, 0])
})

test('SIGTERM: what is answered last is told, and the stream is ended as it should be', async () => {
  await using socket = await socketPath()
  await using collector = await Collector.start({ path: socket.path })
  await using server = await startServer(`.:0 {\n dnstap ${socket.path} full\n whoami\n}\n`)
  await until(() => collector.started === 1)
  const replies = await Promise.all(Array.from({ length: 20 }, (_, i) => server.query(`n${i}.example.org`)))
  server.signal('SIGTERM')
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  const told = collector.messages.flatMap(({ responseMessage }) => (responseMessage ? responseMessage.toString('hex') : []))
  assert.deepEqual(told.sort(), replies.map(({ raw }) => raw.toString('hex')).sort())
  assert.equal(collector.stopped, 1)
})

test('SIGTERM while the collector takes its time to accept: it is sent what waits', async () => {
  await using collector = await Collector.start()
  const accepted = Promise.withResolvers<void>()
  collector.faults.acceptsAfter = accepted.promise
  await using server = await startServer(`.:0 {\n dnstap tcp://127.0.0.1:${collector.port}\n whoami\n}\n`)
  await until(() => collector.connections === 1)
  await server.query('www.example.org')
  server.signal('SIGTERM')
  await server.waitForLine(/SIGTERM/)
  accepted.resolve()
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  assert.deepEqual([collector.messages.length, collector.stopped], [2, 1])
})

test('SIGTERM with a collector that reads nothing: the server ends in time', async () => {
  await using collector = await Collector.start()
  collector.faults.deaf = true
  await using server = await startServer(`.:0 {\n dnstap tcp://127.0.0.1:${collector.port} full\n whoami\n}\n`)
  await until(() => collector.started === 1)
  await server.query('www.example.org')
  const start = performance.now()
  server.signal('SIGTERM')
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  assert.ok(performance.now() - start < 5000)
})

for (const mode of ['auto', 'dgram']) {
  test(`every thread tells what it answers (-udp ${mode})`, async () => {
    await using collector = await Collector.start()
    const corefile = `.:0 {\n multisocket 3\n dnstap tcp://127.0.0.1:${collector.port} full\n whoami\n}\n`
    await using server = await startServer(corefile, { args: ['-udp', mode] })
    await until(() => collector.started === 3)
    await Promise.all(Array.from({ length: 60 }, (_, i) => server.query(`n${i}.example.org`)))
    await collector.received(120)
    server.signal('SIGTERM')
    await server.exited
    assert.deepEqual([collector.messages.length, collector.connections, collector.stopped], [120, 3, 3])
  })
}

test('the sinks of a listener get what every thread answers, and all of it before the server ends', async () => {
  await using socket = await socketPath()
  const corefile = `.:0 {\n multisocket 3\n dnstap listen ${socket.path} full\n whoami\n}\n`
  await using server = await startServer(corefile)
  using sink = Sink.connect(socket)
  await until(() => sink.started === 1)
  // Until the further threads have heard that there is one.
  await until(async () => {
    const before = sink.messages.length
    await Promise.all(Array.from({ length: 30 }, () => server.query('www.example.org')))
    await until(() => sink.messages.length >= before + 60, undefined, 500).catch(() => {})
    return sink.messages.length === before + 60
  })
  const before = sink.messages.length
  await Promise.all(Array.from({ length: 60 }, (_, i) => server.query(`n${i}.example.org`)))
  server.signal('SIGTERM')
  await server.exited
  assert.equal(sink.messages.length, before + 120)
  assert.equal(sink.stopped, 1)
})
