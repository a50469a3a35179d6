import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusters } from '#src/feeds/kubernetes/clusters.ts'
import type { EndpointSlice } from '#src/feeds/kubernetes/objects.ts'
import { createLogger } from '#src/log.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { endpointSlice, service } from '#test/support/kubernetes/objects.ts'
import { Observer } from '#test/support/kubernetes/observer.ts'
import { at, hasAddresses, logged, watchCluster } from '#test/support/kubernetes/watching.ts'
import { until } from '#test/support/waiting.ts'

const user = {}
const SLICE = 'EndpointSlice default/backend-1'

test('who joins late is told of everything, and who has left of nothing', async () => {
  await using api = await FakeApi.start()
  api.put(...Array.from({ length: 450 }, (_, i) => service(`s${i}`)))
  using watching = watchCluster(at(api.url), ['Service'])
  const { cluster, observer } = watching
  await cluster.synced(['Service'])
  const late = new Observer()
  await cluster.join(late)
  assert.deepEqual(late.objects, observer.objects)
  cluster.leave(late)
  api.put(service('new'))
  await observer.until(({ objects }) => objects.has('Service default/new'))
  assert.equal(late.objects.size, 450)
})

test('a kind that is asked for later is told of, and waited for, when it is asked for', async () => {
  await using api = await FakeApi.start()
  api.put(service('backend'), endpointSlice('backend', ['10.0.0.1']))
  using watching = watchCluster(at(api.url), ['Service'])
  const { cluster, observer } = watching
  await cluster.synced(['Service'])
  cluster.need(user, ['Service', 'EndpointSlice'])
  assert.equal(cluster.waiting(['Service', 'EndpointSlice']), 'endpointslices.discovery.k8s.io: no list yet')
  await cluster.synced(['Service', 'EndpointSlice'])
  assert.ok(observer.objects.has(SLICE))
})

test('a kind that nobody needs any more is watched no more, and what was held of it goes', async () => {
  await using api = await FakeApi.start()
  api.put(service('backend'), ...Array.from({ length: 450 }, (_, i) => endpointSlice(`s${i}`, ['10.0.0.1'])))
  using watching = watchCluster(at(api.url), ['Service'])
  const { cluster, observer, log } = watching
  const other = {}
  for (const one of [user, other]) cluster.need(one, ['Service', 'EndpointSlice'])
  await cluster.synced(['Service', 'EndpointSlice'])
  cluster.release(user)
  api.put(endpointSlice('backend', ['10.0.0.2']))
  await observer.until(({ objects }) => objects.has(SLICE))
  cluster.release(other)
  await observer.until(({ objects }) => objects.size === 1)
  assert.deepEqual(
    Array.from(cluster.watches, ({ kind }) => kind.name),
    ['Service'],
  )
  const asked = api.seen.length
  api.put(endpointSlice('late', ['10.0.0.3']))
  api.put(service('late'))
  await observer.until(({ objects }) => objects.has('Service default/late'))
  assert.deepEqual([observer.objects.size, api.seen.length], [2, asked])
  cluster.need(user, ['EndpointSlice'])
  cluster.release(user)
  cluster.need(user, ['EndpointSlice'])
  await cluster.synced(['EndpointSlice'])
  assert.equal(observer.objects.size, 454)
  assert.deepEqual(log, [])
})

test('the log says that everything is watched again when nobody needs what is not, and not when nobody needs anything', async () => {
  await using api = await FakeApi.start()
  api.script = ({ path }) => (path.endsWith('/pods') ? { status: 503, body: 'not yet' } : undefined)
  using watching = watchCluster(at(api.url), [])
  const { cluster, log } = watching
  const other = {}
  cluster.need(other, ['Service'])
  await cluster.synced(['Service'])
  cluster.need(user, ['Pod'])
  await logged(log, /pods: not yet/)
  cluster.release(user)
  const lines = ['[WARNING] kubernetes: pods: not yet (503)', '[INFO] kubernetes: everything is watched again']
  assert.deepEqual(log, lines)
  cluster.need(other, ['Pod'])
  await until(() => log.length > 2)
  cluster.release(other)
  assert.deepEqual(log, [...lines, lines[0]])
})

test('what more is asked for of endpoints is read without a moment with less', async () => {
  await using api = await FakeApi.start()
  const endpoints = [{ addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', name: 'backend-0' }, zone: 'East' }]
  api.put(endpointSlice('backend', [], { endpoints }))
  using watching = watchCluster(at(api.url), ['EndpointSlice'])
  const { cluster, observer, log } = watching
  await cluster.synced(['EndpointSlice'])
  assert.equal((observer.objects.get(SLICE) as EndpointSlice).pods, undefined)
  cluster.need(user, ['EndpointSlice'], { pods: true })
  cluster.need(user, ['EndpointSlice'], { zones: true, pods: true })
  await observer.untilObject(SLICE, object => object.kind === 'EndpointSlice' && object.zones !== undefined)
  const { pods, zones } = observer.objects.get(SLICE) as EndpointSlice
  assert.deepEqual({ pods, zones }, { pods: ['backend-0'], zones: ['east'] })
  assert.ok(!observer.history.some(change => change.startsWith('-')))
  assert.deepEqual(log, [])
})

test('what more is asked for is waited for by who asks for it, and not by others', async () => {
  await using api = await FakeApi.start()
  api.put(service('backend'), endpointSlice('backend', [], { endpoints: [{ addresses: ['10.0.0.1'], zone: 'east' }] }))
  using watching = watchCluster(at(api.url), ['Service', 'EndpointSlice'])
  const { cluster, observer, log } = watching
  const kinds = ['Service', 'EndpointSlice'] as const
  await cluster.synced(kinds)
  api.script = () => ({ status: 503, body: 'not yet' })
  cluster.need(user, kinds, { zones: true })
  await logged(log, /endpointslices.*not yet/)
  assert.equal(cluster.waiting(kinds), undefined)
  assert.equal(cluster.waiting(kinds, { zones: true }), 'endpointslices.discovery.k8s.io: not yet (503)')
  api.script = () => undefined
  await cluster.synced(kinds, { zones: true })
  assert.deepEqual((observer.objects.get(SLICE) as EndpointSlice).zones, ['east'])
})

test('what more is asked for while a list goes on is read of what was listed before, too', async () => {
  await using api = await FakeApi.start()
  const endpoints = [{ addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', name: 'backend-0' } }]
  api.put(...['a', 'b', 'c'].map(name => endpointSlice(name, [], { endpoints })))
  using watching = watchCluster(at(api.url), ['EndpointSlice'])
  const { cluster, observer } = watching
  await cluster.join({ change: () => cluster.need(user, [], { pods: true }), flush: () => {} })
  for (const name of ['a', 'b', 'c'])
    await observer.untilObject(`EndpointSlice default/${name}-1`, object => 'pods' in object && object.pods?.[0] === 'backend-0')
})

test('a change of endpoints tells when it came about', async () => {
  await using api = await FakeApi.start()
  const time = '2026-01-02T03:04:05.678901234Z'
  const annotated = (addresses: readonly string[], annotation: string) => {
    const { metadata, ...slice } = endpointSlice('backend', addresses)
    return {
      ...slice,
      metadata: { ...metadata!, annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': annotation } },
    }
  }
  api.put(annotated(['10.0.0.1'], time))
  using watching = watchCluster(at(api.url), ['EndpointSlice'])
  const { cluster, observer } = watching
  await cluster.synced(['EndpointSlice'])
  // It was there before anybody watched.
  assert.equal(observer.triggers.size, 0)
  api.put(annotated(['10.0.0.2'], 'yesterday'))
  await observer.untilObject(SLICE, hasAddresses('10.0.0.2'))
  assert.equal(observer.triggers.size, 0)
  api.put(annotated(['10.0.0.3'], time))
  await observer.untilObject(SLICE, hasAddresses('10.0.0.3'))
  assert.equal(observer.triggers.get(SLICE), Date.parse('2026-01-02T03:04:05.678Z'))
})

test('what is wrong in objects is named, so many lines at most, and all else is kept', async () => {
  await using api = await FakeApi.start()
  api.put(...Array.from({ length: 50 }, (_, i) => endpointSlice(`s${i}`, ['10.0.0.1', 'nowhere', 'elsewhere'])))
  api.put(service('not-a-label.'), service('svc', {}, { namespace: 'svc' }))
  using watching = watchCluster(at(api.url), ['EndpointSlice', 'Service'])
  const { cluster, observer, log } = watching
  await cluster.synced(['EndpointSlice', 'Service'])
  assert.equal(observer.objects.size, 51)
  assert.ok(observer.objects.has('Service svc/svc'))
  assert.ok(hasAddresses('10.0.0.1')(observer.objects.get('EndpointSlice default/s7-1')!))
  assert.equal(log.length, 20)
  assert.match(
    await logged(log, /s0-1/),
    /^\[WARNING\] kubernetes: EndpointSlice default\/s0-1: endpoints\[0*1\]\.addresses\[0\] must be an IPv4 address, not "nowhere"$/,
  )
  assert.deepEqual(
    Array.from(cluster.watches, ({ kind, held }) => [kind.name, held.objects.size, held.rejected]),
    [
      ['EndpointSlice', 50, 50],
      ['Service', 1, 1],
    ],
  )
})

test('an object that cannot be read any more stays as it was', async () => {
  await using api = await FakeApi.start()
  api.put(service('backend'), service('other'))
  using watching = watchCluster(at(api.url), ['Service'])
  const { cluster, observer } = watching
  await cluster.synced(['Service'])
  api.put(service('backend', { clusterIP: 'x', clusterIPs: ['x'] }), service('third'))
  await observer.until(({ objects }) => objects.has('Service default/third'))
  // Also when everything is listed anew.
  api.expire()
  api.delete(service('other'))
  await observer.until(({ objects }) => !objects.has('Service default/other'))
  assert.deepEqual([...observer.objects.keys()].sort(), ['Service default/backend', 'Service default/third'])
  assert.ok(!observer.history.includes('~Service default/backend'))
})

test('a cluster is watched once for all its users, and until the last one has left', async t => {
  await using api = await FakeApi.start()
  t.after(() => Promise.all(clusters.all.map(cluster => clusters.leave(cluster))))
  const lines: string[] = []
  const log = createLogger('text', 'info', { write: line => void lines.push(line) })
  const all = { labels: '', namespaceLabels: '' }
  const [one, two] = [await clusters.open(log, at(api.url), all), await clusters.open(log, at(api.url), all)]
  const other = await clusters.open(log, at(api.url), { ...all, labels: 'a=b' })
  assert.equal(one, two)
  assert.notEqual(one, other)
  one.need(user, ['Service'])
  two.need(user, ['Service'])
  await one.synced(['Service'])
  assert.equal(api.seen.length, 1)
  await clusters.leave(one)
  assert.deepEqual(clusters.all, [one, other])
  const observer = new Observer()
  await two.join(observer)
  api.put(service('backend'))
  await observer.until(({ objects }) => objects.size === 1)
  await clusters.leave(two)
  await clusters.leave(other)
  assert.deepEqual(clusters.all, [])
})
