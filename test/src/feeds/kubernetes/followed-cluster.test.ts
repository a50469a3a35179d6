import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { clusters } from '#src/feeds/kubernetes/clusters.ts'
import { FollowedCluster, relayCluster } from '#src/feeds/kubernetes/followed-cluster.ts'
import { createLogger } from '#src/log.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { service } from '#test/support/kubernetes/objects.ts'
import { Observer } from '#test/support/kubernetes/observer.ts'
import { at } from '#test/support/kubernetes/watching.ts'

const log = createLogger('text', 'info', { write: () => {} })

test('a kind that is dropped and needed again is waited for, also while what was held of it goes', async t => {
  await using api = await FakeApi.start()
  const services = Array.from({ length: 450 }, (_, i) => service(`s${i}`))
  api.put(...services)
  const source = at(api.url)
  const cluster = await clusters.open(log, source, { labels: '', namespaceLabels: '' })
  t.after(() => clusters.leave(cluster))
  const user = {}
  cluster.need(user, ['Service'])
  const { port1, port2 } = new MessageChannel()
  const closed = new AbortController()
  t.after(() => closed.abort())
  void relayCluster(JSON.stringify([source.key, '', '']), port1, closed.signal)
  const followed = new FollowedCluster(port2, log)
  t.after(() => followed.close())
  const observer = new Observer()
  await followed.join(observer)
  await followed.synced(['Service'])
  assert.equal(observer.objects.size, services.length)
  api.script = () => ({ status: 503, body: 'not yet' })
  cluster.release(user)
  cluster.need(user, ['Service'])
  await observer.until(({ objects }) => objects.size < services.length)
  assert.notEqual(followed.waiting(['Service']), undefined)
  api.script = () => undefined
  await followed.synced(['Service'])
  assert.equal(observer.objects.size, services.length)
})
