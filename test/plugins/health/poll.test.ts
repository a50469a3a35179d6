import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Poll } from '#plugins/health/poll.ts'
import { createLogger } from '#src/log.ts'
import { Metrics } from '#src/metrics.ts'
import { freePort } from '#test/support/ports.ts'
import { until } from '#test/support/waiting.ts'

/** A poll whose seconds the test counts. `polled` resolves after the next request has been counted. */
function polling(t: TestContext, address: string) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const lines: string[] = []
  const metrics = new Metrics()
  const poll = new Poll(address, metrics, createLogger('text', 'info', { write: line => lines.push(line.trimEnd()) }))
  t.after(() => poll.stop())
  const [duration, failures] = Array.from(metrics)
  const count = async () => (await duration!.samples()).at(-1)!.value
  poll.start()
  return {
    lines,
    poll,
    failures: async () => (await failures!.samples())[0]!.value,
    seconds: async () => (await duration!.samples()).at(-2)!.value,
    count,
    async tick() {
      const before = await count()
      t.mock.timers.tick(1000)
      await until(async () => (await count()) !== before)
    },
  }
}

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('each second /health is asked for, and timed', async t => {
  const paths: (string | undefined)[] = []
  const { tick, count, failures, lines } = polling(
    t,
    await listen(t, ({ url }, response) => response.end(String(paths.push(url)))),
  )
  assert.equal(await count(), 0)
  await tick()
  await tick()
  assert.deepEqual([paths, await count(), await failures(), lines], [['/health', '/health'], 2, 0, []])
})

test('a request that fails is counted and told', async t => {
  const port = await freePort()
  const { tick, count, failures, lines } = polling(t, `127.0.0.1:${port}`)
  await tick()
  assert.deepEqual([await count(), await failures()], [1, 1])
  assert.match(
    lines.join(),
    new RegExp(`^\\[WARNING\\] Local health request to "http://127\\.0\\.0\\.1:${port}/health" failed: .*ECONNREFUSED`),
  )
})

test('a response that is slow is told', async t => {
  const address = await listen(t, (_, response) => setTimeout(() => response.end(), 1100))
  const { tick, failures, lines, seconds } = polling(t, address)
  await tick()
  assert.equal(await failures(), 0)
  assert.match(lines.join(), /^\[WARNING\] Local health request to "[^"]*" took more than 1s: 1\d\d\dms$/)
  assert.ok((await seconds()) > 1)
})

test('a server that says nothing is a failure after three seconds', async t => {
  const server = createTcpServer(socket => socket.on('error', () => {})).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { tick, failures, seconds } = polling(t, `127.0.0.1:${(server.address() as AddressInfo).port}`)
  await tick()
  assert.equal(await failures(), 1)
  assert.ok((await seconds()) >= 2.9)
})

test('what is under way at the stop is neither counted nor told', async t => {
  const arrived = Promise.withResolvers<void>()
  const address = await listen(t, ({ socket }) => {
    arrived.resolve()
    socket.once('close', closed.resolve)
  })
  const closed = Promise.withResolvers<void>()
  const { poll, count, failures, lines } = polling(t, address)
  t.mock.timers.tick(1000)
  await arrived.promise
  poll.stop()
  await closed.promise
  assert.deepEqual([await count(), await failures(), lines], [0, 0, []])
})

test('without a host, it is asked on the loopback interface', async t => {
  const { port } = new URL(`http://${await listen(t, (_, response) => response.end())}`)
  const { tick, failures } = polling(t, `:${port}`)
  await tick()
  assert.equal(await failures(), 0)
})
