import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Call } from '#src/feeds/istiod/call.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { TcpProxy } from '#test/support/kubernetes/tcp-proxy.ts'
import { ACCESS } from './watching.ts'

/** A call through a proxy, on a clock that the test moves. */
async function start(t: TestContext) {
  const istiod = await TestIstiod.start()
  const proxy = await TcpProxy.start(istiod.port)
  t.after(() => Promise.all([proxy[Symbol.asyncDispose](), istiod[Symbol.asyncDispose]()]))
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  const connected = Promise.withResolvers<void>()
  let heard = Promise.withResolvers<void>()
  const call = new Call(`127.0.0.1:${proxy.port}`, ACCESS, {
    connected: connected.resolve,
    data: () => {},
    heard: () => {
      heard.resolve()
      heard = Promise.withResolvers()
    },
  })
  t.after(() => call.end(0, ''))
  return { call, proxy, connected: connected.promise, heard: () => heard.promise }
}

test('a connection is proved to stand every 20 s, and given up when it is not within 10 s', async t => {
  const { call, proxy, connected, heard } = await start(t)
  await connected
  for (let i = 0; i < 3; i++) {
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
