import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { messageFrom } from '#test/support/records.ts'
import { Watcher } from '../../bench/watcher.ts'

const NAME = 'web.example.org'

/** A server whose answers are a list of addresses, which the test changes. */
async function startServer() {
  const socket = createSocket('udp4')
  const server = {
    addresses: ['192.0.2.1'],
    port: 0,
    /** Resolves when so many more queries have been answered. */
    async answered(count: number) {
      while (count-- > 0) await once(socket, 'message')
    },
    [Symbol.dispose]: () => socket.close(),
  }
  socket.on('message', (query, { port }) => {
    const answer = server.addresses.map(address => `${NAME}. 5 IN A ${address}`)
    socket.send(messageFrom(query, answer), port)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  server.port = socket.address().port
  return server
}

async function watched() {
  const server = await startServer()
  const watcher = new Watcher(server.port, NAME, 'NOERROR 192.0.2.1')
  return { server, watcher, [Symbol.dispose]: () => [server, watcher].map(part => part[Symbol.dispose]()) }
}

test('a change is seen, and neither the old answer before it nor the new one counts as wrong', async () => {
  using all = await watched()
  const { server, watcher } = all
  await server.answered(3)
  let [begun, changed] = [0, 0]
  const delay = await watcher.expect('NOERROR 192.0.2.2', 5000, () => {
    begun = performance.now()
    setTimeout(() => {
      changed = performance.now()
      server.addresses = ['192.0.2.2']
    }, 20)
  })
  await server.answered(3)
  assert.ok(delay! >= changed - begun, `${delay}, not ${changed - begun}`)
  assert.deepEqual({ ...watcher.counts, asked: 0 }, { asked: 0, empty: 0, wrong: 0, lost: 0 })
})

test('an empty answer in between is counted as such', async () => {
  using all = await watched()
  const { server, watcher } = all
  const seen = watcher.expect('NOERROR 192.0.2.2', 5000, () => (server.addresses = []))
  await server.answered(3)
  server.addresses = ['192.0.2.2']
  await seen
  assert.ok(watcher.counts.empty >= 1)
  assert.equal(watcher.counts.wrong, 0)
  assert.deepEqual(watcher.examples, ['wrong: NOERROR instead of NOERROR 192.0.2.1 or NOERROR 192.0.2.2'])
})

test('the old answer is wrong once the new one was seen', async () => {
  using all = await watched()
  const { server, watcher } = all
  await watcher.expect('NOERROR 192.0.2.2', 5000, () => (server.addresses = ['192.0.2.2']))
  server.addresses = ['192.0.2.1']
  await server.answered(3)
  assert.ok(watcher.counts.wrong >= 1)
})

test('a change that is not seen in time has no delay', async () => {
  using all = await watched()
  assert.equal(await all.watcher.expect('NOERROR 192.0.2.2', 20, () => {}), undefined)
})
