/** What only HTTP/2 has: connections whose end is announced, and requests that were not looked at. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selfSigned } from '#test/support/kubernetes/certificate.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { service } from '#test/support/kubernetes/objects.ts'
import { TcpProxy } from '#test/support/kubernetes/tcp-proxy.ts'
import { at, BRIEF, watchCluster } from '#test/support/kubernetes/watching.ts'

const tls = selfSigned()
const skip = tls ? false : 'openssl is not on this machine'

test('all watches share a connection', { skip }, async () => {
  await using api = await FakeApi.start(tls)
  await using proxy = await TcpProxy.start(api.port)
  const kinds = ['Service', 'EndpointSlice', 'Namespace', 'Pod'] as const
  using watching = watchCluster(at(`https://127.0.0.1:${proxy.port}`, tls!.cert), kinds)
  await watching.cluster.synced(kinds)
  assert.equal(proxy.connections, 1)
  assert.ok(api.seen.every(({ http }) => http === '2.0'))
})

test('a request that the server has not looked at is sent again at once', { skip }, async () => {
  await using api = await FakeApi.start(tls)
  api.script = () => (api.seen.length < 3 ? 'unseen' : undefined)
  using watching = watchCluster(at(api.url, tls!.cert), ['Service'])
  await watching.cluster.synced(['Service'])
  assert.deepEqual(watching.log, [])
})

test('a connection that ends is used as long as it says something, and no new request goes there', { skip }, async () => {
  await using api = await FakeApi.start(tls)
  api.bookmarkEvery = 50
  await using proxy = await TcpProxy.start(api.port)
  using watching = watchCluster(at(`https://127.0.0.1:${proxy.port}`, tls!.cert), ['Service'])
  const { cluster, observer, log } = watching
  await cluster.synced(['Service'])
  api.goAway()
  api.put(service('one'))
  await observer.until(({ objects }) => objects.has('Service default/one'))
  cluster.need({}, ['Pod'])
  await cluster.synced(['Pod'])
  assert.equal(proxy.connections, 2)
  const begun = performance.now()
  proxy.mute(1)
  api.put(service('two'))
  await observer.until(({ objects }) => objects.has('Service default/two'))
  assert.ok(performance.now() - begun < 2 * BRIEF.silence)
  assert.deepEqual(log, [])
})

for (const fault of ['deaf', 'mute'] as const) {
  test(`a server that answers pings and not the request is asked again (${fault})`, { skip }, async () => {
    await using api = await FakeApi.start(tls)
    api.script = () => (api.seen.length === 1 ? fault : undefined)
    using watching = watchCluster(at(api.url, tls!.cert), ['Service'], { timing: { silence: 300 } })
    await watching.cluster.synced(['Service'])
    assert.match(watching.log[0]!, /services: no word from the API server for 0.6 s$/)
  })
}

test('a watch that is forgotten goes on where it was', { skip }, async () => {
  await using api = await FakeApi.start(tls)
  api.put(service('one'))
  using watching = watchCluster(at(api.url, tls!.cert), ['Service'], { timing: { silence: 300 } })
  const { cluster, observer, log } = watching
  await cluster.synced(['Service'])
  api.script = ({ query }) => (query.has('resourceVersion') && api.seen.length === 2 ? 'mute' : undefined)
  await api.asked(({ query }) => query.has('resourceVersion'))
  api.put(service('two'))
  await observer.until(({ objects }) => objects.has('Service default/two'))
  assert.ok(api.seen.slice(1).every(({ query }) => query.has('resourceVersion')))
  assert.deepEqual(observer.history, ['+Service default/one', '+Service default/two'])
  assert.deepEqual(log, [])
})

test('a server that speaks only HTTP/1.1 over TLS is spoken to in HTTP/1.1', { skip }, async () => {
  await using api = await FakeApi.start({ ...tls!, old: true })
  api.put(service('backend'))
  using watching = watchCluster(at(api.url, tls!.cert), ['Service'])
  await watching.cluster.synced(['Service'])
  assert.ok(watching.observer.objects.has('Service default/backend'))
  assert.deepEqual(
    api.seen.map(({ http }) => http),
    ['1.1'],
  )
})
