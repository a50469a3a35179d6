import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { KindName } from '#src/feeds/kubernetes/objects.ts'
import { type Asked, FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { endpointSlice, service } from '#test/support/kubernetes/objects.ts'
import { writeEvent } from '#test/support/kubernetes/protobuf-writer.ts'
import { at, hasAddresses, logged, type Watching, watchCluster } from '#test/support/kubernetes/watching.ts'
import { until } from '#test/support/waiting.ts'

const BACKEND = 'Service default/backend'
const SLICE = 'EndpointSlice default/backend-1'

const isWatch = ({ query }: Asked) => query.get('watch') === 'true' && !query.has('sendInitialEvents')
const isList = ({ query }: Asked) => query.get('watch') !== 'true'
const isStream = ({ query }: Asked) => query.has('sendInitialEvents')

async function watchServices(api: FakeApi, options: Parameters<typeof watchCluster>[2] = {}): Promise<Watching> {
  const kinds: KindName[] = ['Service']
  const watching = watchCluster(at(api.url), kinds, options)
  await watching.cluster.synced(kinds)
  return watching
}

test('a watch begins with all objects, lasts a random time, and has bookmarks', async () => {
  await using api = await FakeApi.start()
  using _ = watchCluster(at(api.url), ['Service', 'EndpointSlice', 'Pod'])
  const lifetimes = new Set<number>()
  for (const path of ['/api/v1/services', '/apis/discovery.k8s.io/v1/endpointslices', '/api/v1/pods']) {
    const { query, accept } = await api.asked(asked => asked.path === path)
    const { timeoutSeconds, labelSelector, fieldSelector, ...rest } = Object.fromEntries(query)
    assert.deepEqual(rest, {
      watch: 'true',
      allowWatchBookmarks: 'true',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
    })
    assert.equal(accept, 'application/vnd.kubernetes.protobuf,application/json')
    assert.ok(Number(timeoutSeconds) >= 300 && Number(timeoutSeconds) <= 600, `${timeoutSeconds}`)
    lifetimes.add(Number(timeoutSeconds))
    assert.equal(labelSelector, path.endsWith('slices') ? 'kubernetes.io/service-name' : undefined)
    assert.equal(
      fieldSelector,
      path.endsWith('pods') ? 'status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown' : undefined,
    )
  }
  assert.ok(lifetimes.size > 1)
})

test('a watch goes on from the last bookmark', async () => {
  await using api = await FakeApi.start()
  api.bookmarkEvery = 20
  api.put(service('backend'))
  using _ = await watchServices(api, { timing: { lifetime: [1000, 1000] } })
  // Of another kind, so that only bookmarks tell of them.
  api.put(endpointSlice('backend', []), endpointSlice('backend', []))
  const { query } = await api.asked(isWatch)
  assert.equal(query.get('resourceVersion'), `${api.store.version}`)
})

test('where watches cannot begin with all objects, they are listed in pages of 500', async () => {
  await using api = await FakeApi.start()
  api.streams = false
  api.put(...Array.from({ length: 1203 }, (_, i) => service(`s${i}`)))
  const listed = api.store.version
  // What happens between the pages is told by the watch.
  api.script = asked => {
    if (asked.query.has('continue') && api.store.version === listed) {
      api.delete(service('s0'))
      api.put(service('s1203'))
    }
    return undefined
  }
  using watching = await watchServices(api)
  await watching.observer.until(({ objects }) => !objects.has('Service default/s0') && objects.has('Service default/s1203'))
  assert.equal(watching.observer.objects.size, 1203)
  const lists = api.seen.filter(isList)
  assert.deepEqual(
    lists.map(({ query }) => [query.get('limit'), query.has('continue'), query.has('resourceVersion')]),
    [
      ['500', false, false],
      ['500', true, false],
      ['500', true, false],
    ],
  )
  assert.equal((await api.asked(isWatch)).query.get('resourceVersion'), `${listed}`)
  const before = api.seen.length
  api.expire()
  await api.asked(isList, before)
  assert.equal(api.seen.filter(isStream).length, 1)
})

test('a version that is too old leads to a new list, by the status of a watch or by an event in it', async () => {
  await using api = await FakeApi.start()
  api.put(service('backend'), service('goes'))
  using watching = await watchServices(api)
  const { observer, log } = watching
  api.script = asked => (isWatch(asked) ? { status: 410, body: 'too old' } : undefined)
  api.delete(service('goes'))
  await observer.until(({ objects }) => !objects.has('Service default/goes'))
  const before = api.seen.length
  api.expire()
  await api.asked(isStream, before)
  api.script = () => undefined
  api.put(service('new'))
  await observer.until(({ objects }) => objects.has('Service default/new'))
  assert.deepEqual(observer.history, [`+${BACKEND}`, '+Service default/goes', '-Service default/goes', '+Service default/new'])
  assert.deepEqual(log, [])
})

test('an error in the middle of a watch leads to a new list: what was to come next may never come', async () => {
  await using api = await FakeApi.start()
  api.streams = false
  const status = { apiVersion: 'v1', kind: 'Status', code: 500, message: 'an event without its object' }
  api.script = asked => (isWatch(asked) ? { inject: writeEvent('ERROR', status) } : undefined)
  api.put(service('backend'))
  using watching = await watchServices(api)
  await logged(watching.log, /services: an event without its object \(500\); what is known stays$/)
  api.put(service('new'))
  await watching.observer.until(({ objects }) => objects.has('Service default/new'))
})

for (const streams of [true, false]) {
  test(`nothing goes before a list is whole: ${streams ? 'a watch that begins with it breaks off' : 'a page is missing'}`, async () => {
    await using api = await FakeApi.start()
    api.streams = streams
    const all = Array.from({ length: 1100 }, (_, i) => service(`s${i}`))
    api.put(...all)
    using watching = await watchServices(api)
    const { observer } = watching
    await api.stop()
    api.delete(...all.slice(600))
    api.compact()
    let broken = 0
    api.script = asked => {
      if (streams && isStream(asked)) return { breakAfter: 1000 * ++broken }
      if (isList(asked) && (streams || asked.query.has('continue'))) return { status: 500, body: `${++broken}` }
      return undefined
    }
    await api.restart()
    await until(() => broken >= 4)
    assert.equal(observer.objects.size, 1100)
    api.script = () => undefined
    await observer.until(({ objects }) => objects.size === 600)
  })
}

test('a server that forbids it is named in one line, and in what is waited for', async () => {
  await using api = await FakeApi.start()
  const message = 'services is forbidden: User "dns" cannot list resource "services" in API group "" at the cluster scope'
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code: 403 })
  api.script = () => ({ status: 403, headers: { 'content-type': 'application/json' }, body })
  using watching = watchCluster(at(api.url), ['Service'])
  const { cluster, log } = watching
  await logged(log, /forbidden/)
  assert.equal(cluster.waiting(['Service']), `services: not allowed to list and watch: ${message} (403)`)
  await until(() => api.seen.length >= 4)
  assert.deepEqual(log, [`[WARNING] kubernetes: services: not allowed to list and watch: ${message} (403)`])
  api.script = () => undefined
  await cluster.synced(['Service'])
  assert.equal(cluster.waiting(['Service']), undefined)
  assert.equal(log.at(-1), '[INFO] kubernetes: everything is watched again')
})

test('what stops the watches of all kinds is told once', async () => {
  await using api = await FakeApi.start()
  api.script = () => ({ status: 500, body: 'etcd is gone' })
  const kinds = ['Service', 'EndpointSlice', 'Namespace'] as const
  using watching = watchCluster(at(api.url), kinds)
  await until(() => api.seen.length >= 9)
  assert.equal(watching.log.length, 1)
  api.script = () => undefined
  await watching.cluster.synced(kinds)
  assert.deepEqual(watching.log.slice(1), ['[INFO] kubernetes: everything is watched again'])
})

test('a server that is busy is left alone as long as it asks for, and a watch then goes on where it was', async () => {
  await using api = await FakeApi.start()
  api.put(service('backend'))
  using watching = await watchServices(api, { timing: { lifetime: [1000, 1000] } })
  const version = `${api.store.version}`
  const first = api.seen.length
  api.script = ({ path }) => (path === '/api/v1/services' ? { status: 429, headers: { 'retry-after': '1' } } : undefined)
  const refused = await api.asked(isWatch, first)
  api.script = () => undefined
  const next = await api.asked(isWatch, first + 1)
  // Timers count whole milliseconds.
  assert.ok(next.at - refused.at >= 999, `${next.at - refused.at} ms`)
  assert.equal(next.query.get('resourceVersion'), version)
  assert.deepEqual(watching.observer.history, [`+${BACKEND}`])
})

test('what goes wrong again and again is tried more and more seldom', async () => {
  await using api = await FakeApi.start()
  api.script = () => ({ status: 500, body: 'etcd is gone' })
  using watching = watchCluster(at(api.url), ['Service'], { timing: { backoff: [50, 400] } })
  await setTimeout(1500)
  // Without growing, and without chance, there would be 30 of them; without growing, about 60.
  assert.ok(api.seen.length > 3 && api.seen.length < 25, `${api.seen.length} requests`)
  assert.deepEqual(watching.log, ['[WARNING] kubernetes: services: etcd is gone (500)'])
})

test('when one watch has reached the server again, the others wait no longer', async t => {
  await using api = await FakeApi.start()
  api.put(service('backend'), endpointSlice('backend', ['10.0.0.1']))
  const kinds = ['Service', 'EndpointSlice', 'Pod'] as const
  using watching = watchCluster(at(api.url), kinds, { timing: { backoff: [60_000, 60_000] } })
  await watching.cluster.synced(kinds)
  const waits = [1, 1]
  t.mock.method(Math, 'random', () => waits.shift() ?? 0.001)
  await api.stop()
  await logged(watching.log, /what is known stays/)
  await until(() => waits.length === 0)
  await api.restart()
  await logged(watching.log, /everything is watched again/)
})

test('a server that breaks off all connections is told of in words, and once, whatever each was waiting for', async t => {
  await using api = await FakeApi.start()
  api.script = ({ path }) => (path.endsWith('pods') ? 'deaf' : undefined)
  using watching = watchCluster(at(api.url), ['Service', 'Pod'], { timing: { backoff: [60_000, 60_000] } })
  const { cluster, log } = watching
  await cluster.synced(['Service'])
  await api.asked(({ path }) => path.endsWith('pods'))
  t.mock.method(Math, 'random', () => 0.9)
  await api.stop()
  await until(
    () => [...cluster.watches].every(({ trouble }) => trouble !== ''),
    () => cluster.changed,
  )
  assert.equal(log.length, 1, log.join('\n'))
  assert.match(log[0]!, /: (services|pods): the API server has closed the connection(; what is known stays)?$/)
  await api.restart()
})

test('a page of a proxy is told for what it is', async () => {
  await using api = await FakeApi.start()
  const html = '<html><body>\n<h1>Sign in</h1>\x1b[2J</body></html>'
  api.script = () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: html })
  using watching = watchCluster(at(api.url), ['Service'])
  assert.equal(
    await logged(watching.log, /html/),
    "[WARNING] kubernetes: services: the answer is text/html, no API server's: <html><body> <h1>Sign in</h1> [2J</body></html>",
  )
  api.script = () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: html })
  await logged(watching.log, /Sign in.*\(502\)/)
  // JSON that is no list says nothing about what there is, either.
  api.streams = false
  api.script = () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '{}' })
  await logged(watching.log, /a list without a version/)
})

test('a server that does not answer, or begins to and stops, is asked again', async () => {
  await using api = await FakeApi.start()
  api.put(service('backend'))
  const faults = ['deaf', 'mute'] as const
  api.script = () => faults[api.seen.length - 1]
  using watching = watchCluster(at(api.url), ['Service'], { timing: { silence: 100 } })
  await watching.cluster.synced(['Service'])
  assert.equal(await logged(watching.log, /no word/), '[WARNING] kubernetes: services: no word from the API server for 0.1 s')
})

for (const protobuf of [true, false]) {
  const encoding = protobuf ? 'Protocol Buffers' : 'JSON'

  test(`${encoding}: events that come octet by octet are read, and one that is cut off is told again`, async () => {
    await using api = await FakeApi.start()
    api.protobuf = protobuf
    api.put(endpointSlice('backend', ['10.0.0.1', '10.0.0.2']))
    api.script = () => ({ dripping: 1 })
    using watching = watchCluster(at(api.url), ['EndpointSlice'], { timing: { lifetime: [1000, 1000] } })
    const { observer } = watching
    await observer.untilObject(SLICE, hasAddresses('10.0.0.1', '10.0.0.2'))
    await watching.cluster.synced(['EndpointSlice'])
    api.script = () => ({ breakAfter: 100 })
    await api.asked(isWatch)
    api.put(endpointSlice('backend', ['10.0.0.3']))
    await setTimeout(100)
    api.script = () => undefined
    await observer.untilObject(SLICE, hasAddresses('10.0.0.3'))
  })

  test(`${encoding}: an event that cannot be read is left out, and everything is listed anew when the watch ends`, async () => {
    await using api = await FakeApi.start()
    api.protobuf = protobuf
    api.put(service('backend'))
    using watching = await watchServices(api, { timing: { lifetime: [1000, 1000] } })
    const garbage = protobuf ? Buffer.from([0, 0, 0, 5, 0x0a, 0xff, 1, 2, 3]) : '{"type":"MODIFIED","object":{\n'
    api.script = asked => (isWatch(asked) ? { inject: garbage } : undefined)
    await api.asked(isWatch)
    api.put(service('next'))
    await watching.observer.until(({ objects }) => objects.has('Service default/next'))
    await logged(watching.log, /services: an event that cannot be read/)
    assert.equal([...watching.cluster.watches][0]!.held.rejected, 1)
    await api.asked(isStream, api.seen.length)
  })
}

test('an object that cannot be read in a new list stays until a list without it can be read', async () => {
  await using api = await FakeApi.start()
  api.protobuf = false
  api.put(service('backend'), service('old'))
  using watching = await watchServices(api, { timing: { lifetime: [1000, 1000] } })
  const { observer, log } = watching
  await api.stop()
  api.delete(service('old'))
  api.compact()
  const from = api.seen.length
  // The event of the first object is lost with it.
  api.script = asked => (isStream(asked) ? { inject: 'x' } : undefined)
  await api.restart()
  await logged(log, /services: an event that cannot be read/)
  await api.asked(isList, from)
  await observer.until(({ objects }) => objects.size === 1)
  assert.deepEqual(observer.history, [`+${BACKEND}`, '+Service default/old', '-Service default/old'])
})

test('JSON is asked for where the server refuses Protocol Buffers', async () => {
  await using api = await FakeApi.start()
  api.script = ({ accept }) => (accept === 'application/json' ? undefined : { status: 406, body: 'only JSON' })
  api.put(service('backend'))
  using watching = await watchServices(api)
  assert.deepEqual([...watching.observer.objects.keys()], [BACKEND])
  assert.deepEqual(watching.log, [])
})

test('the objects of a kind that is no more go when the server has said so for a while', async () => {
  await using api = await FakeApi.start()
  api.put(service('backend'))
  api.store.put({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: 'api', namespace: 'default' },
    spec: { hosts: ['a.example'] },
  })
  using watching = watchCluster(at(api.url), ['ServiceEntry'], { timing: { relook: 200 } })
  const { cluster, observer, log } = watching
  await cluster.synced(['ServiceEntry'])
  api.unserve('ServiceEntry')
  const first = api.seen.length
  await api.stop()
  await api.restart()
  const looked = await api.asked(({ path }) => path.endsWith('serviceentries'), first)
  assert.equal(observer.objects.size, 1)
  await observer.until(({ objects }) => objects.size === 0)
  assert.ok(performance.now() - looked.at >= 199)
  api.serve('ServiceEntry')
  await observer.until(({ objects }) => objects.size === 1)
  assert.ok(
    log.every(line => !line.includes('(404)')),
    log.join(),
  )
})

test('a server that has started again without its history is asked for everything at once, however often it failed before', async t => {
  await using api = await FakeApi.start()
  api.put(service('backend'))
  using watching = await watchServices(api, { timing: { backoff: [10, 60_000], healthy: 60_000 } })
  // Every wait is as long as it may be.
  t.mock.method(Math, 'random', () => 1)
  const first = api.seen.length
  api.script = asked => {
    if (api.seen.length - first <= 8) return { status: 500, body: 'starting' }
    return isWatch(asked) ? { status: 410, body: 'too old' } : undefined
  }
  await api.stop()
  await api.restart()
  const listed = await api.asked(isStream, first)
  const [failed, expired] = api.seen.slice(first).filter(isWatch).slice(-2)
  assert.ok(listed.at - expired!.at < expired!.at - failed!.at)
  await logged(watching.log, /everything is watched again/)
})

test('a server that does not know a kind yet when it has started is asked again soon', async () => {
  const entry = (host: string) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: 'api', namespace: 'default' },
    spec: { hosts: [host] },
  })
  await using api = await FakeApi.start()
  api.store.put(entry('a.example'))
  using watching = watchCluster(at(api.url), ['ServiceEntry'], { timing: { relook: 60_000 } })
  const { cluster, observer, log } = watching
  await cluster.synced(['ServiceEntry'])
  await api.stop()
  await logged(log, /what is known stays/)
  api.unserve('ServiceEntry')
  const first = api.seen.length
  await api.restart()
  await api.asked(({ path }) => path.endsWith('serviceentries'), first)
  assert.ok(!log.some(line => line.includes('watched again')), log.join())
  api.serve('ServiceEntry')
  api.store.put(entry('b.example'))
  await observer.untilObject('ServiceEntry default/api', object => 'hosts' in object && object.hosts[0] === '\x01b\x07example\0')
  await logged(log, /everything is watched again/)
})

test('a watch that ends as soon as it has begun is no busy loop', async () => {
  await using api = await FakeApi.start()
  using watching = await watchServices(api)
  api.script = asked => (isWatch(asked) ? { status: 200, headers: { 'content-type': 'application/json' } } : undefined)
  api.expire()
  await logged(watching.log, /the watch ended at once/)
  const before = api.seen.length
  await setTimeout(300)
  assert.ok(api.seen.length - before < 15, `${api.seen.length - before} requests`)
})

test('a server that finds every list too old is told of', async () => {
  await using api = await FakeApi.start()
  api.put(service('backend'))
  using watching = watchCluster(at(api.url), ['Service'])
  await watching.cluster.synced(['Service'])
  api.script = () => ({ status: 410, body: 'too old' })
  api.expire()
  await logged(watching.log, /services: too old \(410\); what is known stays/)
  api.script = () => undefined
  await logged(watching.log, /watched again/)
})

test('versions that grow too old now and then are no trouble', async () => {
  await using api = await FakeApi.start()
  using watching = await watchServices(api, { timing: { healthy: 100, lifetime: [1000, 1000] } })
  const { length } = api.seen
  api.script = asked => (isWatch(asked) ? { status: 410, body: 'too old' } : undefined)
  await until(() => api.seen.slice(length).filter(isWatch).length === 3)
  api.script = () => undefined
  assert.deepEqual(watching.log, [])
})

test('a server that finds each version too old is not asked for everything in a busy loop', async t => {
  await using api = await FakeApi.start()
  using _watching = await watchServices(api, { timing: { backoff: [1, 60_000] } })
  api.script = asked => {
    if (isStream(asked)) return { status: 422, body: 'no streams' }
    return isWatch(asked) ? { status: 410, body: 'too old' } : undefined
  }
  t.mock.method(Math, 'random', () => 1)
  api.expire()
  await api.asked(isList, api.seen.length)
  const before = api.seen.length
  await setTimeout(300)
  assert.ok(api.seen.length - before < 40, `${api.seen.length - before} requests`)
})

test('after it is closed, nothing is asked any more', async () => {
  await using api = await FakeApi.start()
  const watching = await watchServices(api)
  watching.cluster.close()
  const before = api.seen.length
  api.expire()
  await setTimeout(300)
  assert.equal(api.seen.length, before)
})
