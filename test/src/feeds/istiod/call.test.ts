import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Call } from '#src/feeds/istiod/call.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { TcpProxy } from '#test/support/kubernetes/tcp-proxy.ts'
import { ACCESS } from './watching.ts'

/** A call through a proxy, on a clock that the test moves. */
async function start(t: TestContext, script: TestIstiod['script'] = () => {}) {
  const istiod = await TestIstiod.start()
  istiod.script = script
  const proxy = await TcpProxy.start(istiod.port)
  t.after(() => Promise.all([proxy[Symbol.asyncDispose](), istiod[Symbol.asyncDispose]()]))
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  const connected = Promise.withResolvers<void>()
  const told = Promise.withResolvers<void>()
  let heard = Promise.withResolvers<void>()
  const call = new Call(`127.0.0.1:${proxy.port}`, ACCESS, {
    connected: connected.resolve,
    data: () => told.resolve(),
    heard: () => {
      heard.resolve()
      heard = Promise.withResolvers()
    },
  })
  t.after(() => call.end(0, ''))
  return { call, proxy, connected: connected.promise, told: told.promise, heard: () => heard.promise }
}

test('a connection is proved to stand every 20 s, and given up when it is not within 10 s', async t => {
  const { call, proxy, connected, heard } = await start(t)
  await connected
  for (let i = 0; i < 2; i++) {
    const answered = heard()
    t.mock.timers.tick(20_000)
    await answered
  }
  proxy.mute()
  t.mock.timers.tick(20_000)
  t.mock.timers.tick(9_999)
  assert.equal(await Promise.race([call.ended, 'stands']), 'stands')
  t.mock.timers.tick(1)
  assert.deepEqual(await call.ended, { code: 14, message: 'no answer to a ping within 10 s' })
})

test('an istiod that answers pings and does not respond is left after 90 s', async t => {
  const { call, connected, heard } = await start(t)
  await connected
  for (let i = 0; i < 4; i++) {
    const answered = heard()
    t.mock.timers.tick(20_000)
    await answered
  }
  t.mock.timers.tick(9_999)
  assert.equal(await Promise.race([call.ended, 'stands']), 'stands')
  t.mock.timers.tick(1)
  assert.deepEqual(await call.ended, { code: 14, message: 'no response within 90 s' })
})

test('one that has responded once may be silent for as long as nothing changes', async t => {
  const { call, connected, told, heard } = await start(t, stream => stream.write(Buffer.of()))
  await connected
  await told
  for (let i = 0; i < 6; i++) {
    const answered = heard()
    t.mock.timers.tick(20_000)
    await Promise.race([answered, call.ended])
  }
  assert.equal(await Promise.race([call.ended, 'stands']), 'stands')
})
