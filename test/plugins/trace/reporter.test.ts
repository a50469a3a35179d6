import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { type InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'
import { Collector } from './collector.ts'

/** Two spans a query. */
const traced = (to: string, ...options: string[]) => `trace ${to} {\n${options.join('\n')}\n}\nwhoami`

async function ask(server: InProcessServer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await server.query('www.example.org')
}

test('a batch that is full is sent at once', async () => {
  await using collector = await Collector.start()
  await using server = await startInProcess(traced(collector.to, 'zipkin_max_batch_size 4', 'zipkin_max_batch_interval 1h'))
  await ask(server, 1)
  assert.equal(collector.requests.length, 0)
  await ask(server, 1)
  await collector.has(1, 'requests')
  assert.equal(collector.spans.length, 4)
})

test('what comes while a batch is on its way waits for the next', async () => {
  await using collector = await Collector.start()
  const held = Promise.withResolvers<void>()
  collector.held = held.promise
  await using server = await startInProcess(traced(collector.to, 'zipkin_max_batch_size 2', 'zipkin_max_batch_interval 20ms'))
  await ask(server, 1)
  await collector.has(1, 'requests')
  await ask(server, 5)
  assert.equal(collector.requests.length, 1)
  held.resolve()
  await collector.has(6)
  assert.deepEqual(
    collector.requests.map(({ spans }) => spans.length),
    [2, 10],
  )
})

test('no query waits for a collector that is not there; what is sent when it is are the newest, each once', async () => {
  const port = await freePort()
  await using server = await startInProcess(
    traced(`127.0.0.1:${port}`, 'zipkin_max_backlog_size 6', 'zipkin_max_batch_interval 50ms', 'service x'),
  )
  for (let i = 0; i < 10; i++) await server.query(`${i}.example.org`)
  await server.waitForLine(/^\[WARNING\] plugin\/trace: failed to send the request: .*ECONNREFUSED/)
  await server.waitForLine(/^\[WARNING\] plugin\/trace: backlog too long, disposing 1 spans$/)
  assert.equal(await server.metric('coredns_trace_dropped_spans_total'), 14)
  await using collector = await Collector.start(port)
  await collector.has(3)
  assert.deepEqual(
    collector.spans.flatMap(({ tags }) => tags?.['coredns.io/name'] ?? []),
    ['7.example.org.', '8.example.org.', '9.example.org.'],
  )
  await ask(server, 1)
  await collector.has(4)
  assert.equal(collector.spans.length, 8)
  // However long it is away, the log does not grow.
  assert.ok(server.lines.filter(line => line.includes('failed to send')).length <= 20)
})

test('a collector that cannot be reached is asked again when it is time, however many spans wait', async () => {
  let connections = 0
  await using listener = createServer(socket => {
    connections++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  await using server = await startInProcess(
    traced(`127.0.0.1:${port}`, 'zipkin_max_batch_size 1', 'zipkin_max_batch_interval 1h'),
  )
  await ask(server, 1)
  await server.waitForLine(/plugin\/trace: failed to send the request/)
  await ask(server, 20)
  assert.equal(connections, 1)
})

test('spans that are thrown away while they are on their way are not taken for others', async () => {
  await using collector = await Collector.start()
  const held = Promise.withResolvers<void>()
  collector.held = held.promise
  await using server = await startInProcess(
    traced(collector.to, 'zipkin_max_backlog_size 4', 'zipkin_max_batch_size 2', 'zipkin_max_batch_interval 20ms'),
  )
  await ask(server, 1)
  await collector.has(1, 'requests')
  await ask(server, 3)
  held.resolve()
  await collector.has(3)
  assert.equal(collector.spans.length, 6)
})

test('a collector that refuses spans is not sent them again', async () => {
  await using collector = await Collector.start()
  collector.status = 500
  await using server = await startInProcess(traced(collector.to, 'zipkin_max_batch_interval 20ms'))
  await ask(server, 1)
  await server.waitForLine(/plugin\/trace: failed the request with status code 500/)
  collector.status = 202
  await ask(server, 1)
  await collector.has(2)
  assert.equal(collector.spans.length, 4)
})

test('a collector that takes spans and does not answer is left after five seconds', async () => {
  await using collector = await Collector.start()
  collector.held = new Promise(() => {})
  await using server = await startInProcess(traced(collector.to, 'zipkin_max_batch_interval 20ms'))
  await ask(server, 1)
  await collector.has(1, 'requests')
  const since = performance.now()
  await server.waitForLine(/plugin\/trace: failed to send the request: The operation was aborted due to timeout/)
  assert.ok(performance.now() - since > 4000)
  collector.held = Promise.resolve()
  await collector.has(2)
})

test('a reload, and the end, send what is left', async () => {
  await using collector = await Collector.start()
  const block = traced(collector.to, 'zipkin_max_batch_interval 1h')
  await using server = await startInProcess(block)
  await ask(server, 1)
  await server.server.reload()
  await collector.has(1)
  await ask(server, 2)
  await server[Symbol.asyncDispose]()
  assert.equal(collector.spans.length, 6)
  await using command = await startServer(`.:0 {\n${block}\n}\n`)
  await command.query('www.example.org')
  command.signal('SIGTERM')
  assert.deepEqual(await command.exited, { code: 0, signal: null })
  assert.equal(collector.spans.length, 8)
})

test('a collector that is away does not keep the server from ending', async () => {
  await using collector = await Collector.start()
  collector.held = new Promise(() => {})
  await using server = await startServer(`.:0 {\n${traced(collector.to, 'zipkin_max_batch_interval 20ms')}\n}\n`)
  await server.query('www.example.org')
  await collector.has(1, 'requests')
  const since = performance.now()
  server.signal('SIGTERM')
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  assert.ok(performance.now() - since < 4500)
})

test('many spans that wait come in requests of a thousand', async () => {
  const port = await freePort()
  await using server = await startInProcess(
    traced(`127.0.0.1:${port}`, 'zipkin_max_backlog_size 3000', 'zipkin_max_batch_interval 100ms'),
  )
  await ask(server, 1200)
  await using collector = await Collector.start(port)
  await until(() => collector.spans.length === 2400)
  assert.ok(collector.requests.every(({ spans }) => spans.length <= 1000))
})

test('a collector of HTTPS', { skip: !hasOpenssl() && 'openssl is not on this machine' }, async () => {
  using authority = new Authority()
  await using collector = await Collector.start(0, authority.issue('collector', 'IP:127.0.0.1'))
  const block = traced(`https://${collector.to}/spans`, 'zipkin_max_batch_interval 20ms')
  await using server = await startServer(`.:0 {\n${block}\n}\n`, { env: { NODE_EXTRA_CA_CERTS: authority.path('ca.pem') } })
  await server.query('www.example.org')
  await collector.has(1)
  assert.equal(collector.requests[0]!.path, '/spans')
  // Whoever does not know its authority sends nothing.
  await using stranger = await startServer(`.:0 {\n${block}\n}\n`)
  await stranger.query('www.example.org')
  await stranger.waitForLine(/plugin\/trace: failed to send the request: /)
  assert.equal(collector.spans.length, 2)
})

test('batches share a connection, which ends with the server', async () => {
  await using collector = await Collector.start()
  await using server = await startInProcess(traced(collector.to, 'zipkin_max_batch_size 2', 'zipkin_max_batch_interval 20ms'))
  for (let count = 1; count <= 5; count++) {
    await ask(server, 1)
    await collector.has(count)
  }
  assert.equal(collector.connections, 1)
  await server[Symbol.asyncDispose]()
  await until(() => collector.open === 0)
})
