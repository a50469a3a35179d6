import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Feed } from '#src/feeds/feed.ts'
import { clusters } from '#src/feeds/kubernetes/clusters.ts'
import { clusterSource } from '#src/feeds/kubernetes/source.ts'
import { createLogger } from '#src/log.ts'
import type { MeshRecord } from '#src/registry/record.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import {
  endpointSlice,
  type KubeObject,
  namespace,
  pod,
  service,
  serviceEntry,
  workloadEntry,
} from '#test/support/kubernetes/objects.ts'
import { at } from '#test/support/kubernetes/watching.ts'
import { until } from '#test/support/waiting.ts'

const octets = (...numbers: number[]): string => String.fromCharCode(...numbers)

/** A feed that is closed with the test at the latest. */
async function openFeed(t: TestContext, api: FakeApi): Promise<Feed> {
  const feed = await clusterSource(at(api.url)).open(createLogger('text', 'info', { write: () => {} }))
  t.after(() => feed.close())
  return feed
}

/** The records of hosts, as a subscriber is told of them. */
class Told {
  readonly records = new Map<string, MeshRecord>()
  #changed = Promise.withResolvers<void>()

  readonly take = (id: string, record: MeshRecord | undefined): void => {
    if (record) this.records.set(id, record)
    else this.records.delete(id)
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  async until(matches: (records: ReadonlyMap<string, MeshRecord>) => boolean): Promise<void> {
    await until(
      () => matches(this.records),
      () => this.#changed.promise,
    )
  }

  /** The addresses of a host, one behind the other. */
  addresses(id: string): string {
    const record = this.records.get(id)
    return record && record.kind !== 'Client' ? record.groups.map(({ addresses }) => addresses).join('') : ''
  }
}

test('Services, their endpoints and namespaces become hosts, and follow every change', async t => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), service('backend'), endpointSlice('backend', ['10.0.0.1', '10.0.0.2']))
  const feed = await openFeed(t, api)
  const told = new Told()
  await feed.subscribe(told.take)
  await feed.completed
  assert.equal(feed.complete, true)
  assert.deepEqual([...told.records.keys()].sort(), ['Namespace default/default', 'Service default/backend'])
  assert.equal(told.addresses('Service default/backend'), octets(10, 0, 0, 1, 10, 0, 0, 2))
  assert.deepEqual(feed.records, told.records)
  assert.equal(feed.objects.get('EndpointSlice'), 1)
  assert.ok(performance.now() - feed.current! < 5000)

  api.put(endpointSlice('backend', ['10.0.0.2']))
  await told.until(() => told.addresses('Service default/backend') === octets(10, 0, 0, 2))
  api.delete(service('backend'))
  await told.until(records => !records.has('Service default/backend'))

  const late = new Told()
  await feed.subscribe(late.take)
  assert.deepEqual(late.records, told.records)
  feed.unsubscribe(late.take)
  await feed.close()
  assert.deepEqual(clusters.all, [])
})

test('a Service with endpoints is told at once, one without when everything is known', async t => {
  await using api = await FakeApi.start()
  api.put(service('backend'), endpointSlice('backend', ['10.0.0.1']), service('lonely'))
  let held = true
  api.script = ({ path }) => (held && path === '/api/v1/namespaces' ? { status: 500 } : undefined)
  const feed = await openFeed(t, api)
  const told = new Told()
  await feed.subscribe(told.take)
  await told.until(({ size }) => size > 0)
  assert.deepEqual([[...told.records.keys()], feed.complete], [['Service default/backend'], false])
  assert.equal(told.addresses('Service default/backend'), octets(10, 0, 0, 1))
  held = false
  await feed.completed
  assert.deepEqual([...told.records.keys()], ['Service default/backend', 'Service default/lonely'])
})

test('Pods are watched as soon as a ServiceEntry selects some', async t => {
  await using api = await FakeApi.start()
  const ready = { podIP: '10.0.0.7', podIPs: [{ ip: '10.0.0.7' }], conditions: [{ type: 'Ready', status: 'True' }] }
  const labels = { app: 'legacy' }
  api.put(pod('legacy-0', ready, {}, { labels }), workloadEntry('vm', { address: '192.0.2.7', labels }))
  const feed = await openFeed(t, api)
  const told = new Told()
  await feed.subscribe(told.take)
  await feed.completed
  assert.equal(api.seen.filter(({ path }) => path === '/api/v1/pods').length, 0)
  api.put(
    serviceEntry('legacy', {
      hosts: ['legacy.example.org'],
      resolution: 'STATIC',
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      workloadSelector: { labels },
    }),
  )
  const id = 'ServiceEntry default/legacy \x06legacy\x07example\x03org\0'
  await told.until(() => told.addresses(id).length === 8)
  assert.equal([...told.addresses(id).match(/..../gs)!].sort().join(''), octets(10, 0, 0, 7, 192, 0, 2, 7))
})

test('Pods are watched as soon as ServiceEntries of several namespaces have a host', async t => {
  await using api = await FakeApi.start()
  const entry = (namespace: string): KubeObject => {
    const one = serviceEntry('api', { hosts: ['api.example.org'], resolution: 'STATIC' })
    return { ...one, metadata: { ...one.metadata!, namespace } }
  }
  api.put(entry('one'), pod('web', { podIP: '10.0.0.7' }))
  const feed = await openFeed(t, api)
  const told = new Told()
  await feed.subscribe(told.take)
  await feed.completed
  assert.equal(api.seen.filter(({ path }) => path === '/api/v1/pods').length, 0)
  api.put(entry('two'))
  await told.until(records => records.get('Pod default/web')?.kind === 'Client')
})

test('a feed whose ServiceEntries select Pods is complete only with their labels, also where others watch Pods already', async t => {
  await using api = await FakeApi.start()
  const hosts = { hosts: ['web.example'], resolution: 'STATIC', workloadSelector: { labels: { app: 'web' } } }
  const status = { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] }
  api.put(serviceEntry('web', hosts), pod('web-0', status, {}, { labels: { app: 'web' } }))
  const other = await clusters.open(createLogger('text', 'info', { write: () => {} }), at(api.url), {
    labels: '',
    namespaceLabels: '',
  })
  t.after(() => clusters.leave(other))
  other.need(other, ['Pod'])
  await other.synced(['Pod'])
  let waits = true
  api.script = ({ path }) => (waits && path.endsWith('/pods') ? { status: 503, body: 'not yet' } : undefined)
  const feed = await openFeed(t, api)
  await until(() => /^pods: not yet/.test(feed.waiting))
  assert.equal(feed.complete, false)
  waits = false
  await feed.completed
  const told = new Told()
  await feed.subscribe(told.take)
  assert.equal(told.addresses('ServiceEntry default/web \x03web\x07example\0'), octets(10, 0, 0, 1))
})

test('a feed whose ServiceEntries select Pods is complete only with them', async t => {
  await using api = await FakeApi.start()
  api.put(
    serviceEntry('legacy', { hosts: ['legacy.example.org'], resolution: 'STATIC', workloadSelector: { labels: { app: 'x' } } }),
  )
  let held = true
  api.script = ({ path }) => (held && path === '/api/v1/pods' ? { status: 500 } : undefined)
  const feed = await openFeed(t, api)
  await api.asked(({ path }) => path === '/api/v1/pods')
  await new Promise(resolve => setTimeout(resolve, 50))
  assert.equal(feed.complete, false)
  assert.match(feed.waiting, /^pods: /)
  held = false
  await feed.completed
})
