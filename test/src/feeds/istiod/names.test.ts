/** Istiods that go by a name. */
import assert from 'node:assert/strict'
import dns from 'node:dns'
import { type TestContext, test } from 'node:test'
import { Client } from '#src/feeds/istiod/client.ts'
import { wdsService } from '#test/support/istiod/resources.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { until } from '#test/support/waiting.ts'
import { ACCESS } from './watching.ts'

/** Keeps a stream from istiods that are called like this; what is told of it is said in a word or more. */
function follow(t: TestContext, lookup: (name: string) => readonly string[], ...addresses: readonly string[]): readonly string[] {
  const mocked = (name: string, _options: object, callback: (error: Error | null, addresses: dns.LookupAddress[]) => void) =>
    process.nextTick(
      callback,
      null,
      lookup(name).map(address => ({ address, family: 4 })),
    )
  t.mock.method(dns, 'lookup', mocked as never)
  const told: string[] = []
  const client = new Client({ ...ACCESS, addresses }, ['wds'], {
    connected: () => told.push('connected'),
    heard: () => {},
    response: () => told.push('response'),
    disconnected(trouble) {
      if (over) throw new Error('the test is over')
      told.push(trouble ?? 'sent away')
    },
    warn: text => told.push(text),
  })
  // It never ends by itself.
  let over = false
  client.run().catch(() => {})
  t.after(() => {
    over = true
  })
  return told
}

test('a name is resolved anew at each try', async t => {
  await using istiod = await TestIstiod.start()
  istiod.hold('WDS', [wdsService('default', 'web')])
  let now = '127.0.0.2'
  const asked: string[] = []
  const told = follow(
    t,
    name => {
      asked.push(name)
      return [now]
    },
    `istiod.example:${istiod.port}`,
  )
  await until(() => told.length > 0)
  assert.match(told[0]!, /ECONNREFUSED 127\.0\.0\.2/)
  now = '127.0.0.1'
  await until(() => told.at(-1) === 'response')
  assert.ok(asked.length >= 2 && asked.every(name => name === 'istiod.example'))
})

test('of the addresses of a name, the next is tried when one fails, and then those of the next name', async t => {
  await using istiod = await TestIstiod.start()
  istiod.hold('WDS', [wdsService('default', 'web')])
  const addresses: Readonly<Record<string, readonly string[]>> = {
    'one.example': ['127.0.0.2', '127.0.0.3'],
    'two.example': ['127.0.0.4', '127.0.0.1'],
  }
  const told = follow(t, name => addresses[name]!, `one.example:${istiod.port}`, `two.example:${istiod.port}`)
  await until(() => told.at(-1) === 'response')
  assert.match(told[0]!, /ECONNREFUSED 127\.0\.0\.2:\d+, .*ECONNREFUSED 127\.0\.0\.3/)
  assert.deepEqual(told.slice(1), ['connected', 'response'])
})
