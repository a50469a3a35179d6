/** What must hold of every API server, over HTTP/1.1 and over HTTP/2. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessSource } from '#src/feeds/kubernetes/access.ts'
import type { Service } from '#src/feeds/kubernetes/objects.ts'
import {
  definition,
  endpointSlice,
  type KubeObject,
  namespace,
  pod,
  service,
  serviceEntry,
  serviceImport,
  workloadEntry,
} from '#test/support/kubernetes/objects.ts'
import { putWhenServed } from '#test/support/kubernetes/put-when-served.ts'
import { TcpProxy } from '#test/support/kubernetes/tcp-proxy.ts'
import { addressesOf, BRIEF, hasAddresses, logged, watchCluster } from '#test/support/kubernetes/watching.ts'

/** A server with nothing in it but what it begins with. */
export interface Api extends AsyncDisposable {
  put(...objects: readonly KubeObject[]): unknown
  delete(...objects: readonly KubeObject[]): unknown
  compact(): unknown
  stop(): Promise<void>
  restart(): Promise<void>
  /** The port of the server, and what is to be trusted there: with it, it is asked over TLS. */
  readonly port: number
  readonly ca: string | undefined
  /** The bearer token that is to be shown, if any. */
  readonly token: string | undefined
}

/** @param bare without the definitions of custom resources @returns a reason to skip where there is no such server */
export type Start = (bare: boolean) => Promise<Api | string>

/** An API server, and a proxy before it that can lose connections. */
interface Scene extends AsyncDisposable {
  readonly api: Api
  readonly proxy: TcpProxy
  readonly source: AccessSource
}

async function setScene(api: Api): Promise<Scene> {
  const proxy = await TcpProxy.start(api.port)
  const access = {
    server: `${api.ca === undefined ? 'http' : 'https'}://127.0.0.1:${proxy.port}`,
    tls: api.ca === undefined ? {} : { ca: api.ca },
    headers: { ...(api.token !== undefined && { authorization: `Bearer ${api.token}` }) },
  }
  return {
    api,
    proxy,
    source: { key: access.server, name: 'kubernetes', read: () => access },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await api[Symbol.asyncDispose]()
    },
  }
}

const backend = service('backend')
const backendSlice = endpointSlice('backend', ['10.0.0.1', '10.0.0.2'])

const BACKEND = 'Service default/backend'
const BACKEND_SLICE = 'EndpointSlice default/backend-1'

export function clusterSuite(name: string, start: Start): void {
  const check = (title: string, body: (scene: Scene) => Promise<void>, bare = false) =>
    test(`${name}: ${title}`, async t => {
      const api = await start(bare)
      if (typeof api === 'string') {
        t.skip(api)
        return
      }
      await using scene = await setScene(api)
      await body(scene)
    })

  check('tells of what there is, and then of every change', async ({ api, source }) => {
    await api.put(namespace('shop'), backend, backendSlice)
    using watching = watchCluster(source, ['Namespace', 'Service', 'EndpointSlice'])
    const { cluster, observer } = watching
    await cluster.synced(['Namespace', 'Service', 'EndpointSlice'])
    assert.ok(observer.objects.has('Namespace shop/shop'))
    assert.deepEqual(addressesOf(observer.objects.get(BACKEND_SLICE)), ['10.0.0.1', '10.0.0.2'])

    await api.put(endpointSlice('backend', ['10.0.0.2', '10.0.0.3']))
    await observer.untilObject(BACKEND_SLICE, hasAddresses('10.0.0.2', '10.0.0.3'))
    await api.put(service('late', { clusterIP: 'None', clusterIPs: ['None'] }))
    const late = (await observer.untilObject('Service default/late', () => true)) as Service
    assert.equal(late.headless, true)
    await api.delete(backend)
    await observer.until(({ objects }) => !objects.has(BACKEND))
    assert.equal(observer.history.filter(change => change.endsWith(BACKEND_SLICE)).join(), `+${BACKEND_SLICE},~${BACKEND_SLICE}`)
  })

  check('tells of every kind that is asked for', async ({ api, source }) => {
    await api.put(
      pod(
        'web-0',
        { phase: 'Running', podIP: '10.0.0.9', podIPs: [{ ip: '10.0.0.9' }, { ip: 'fd00::9' }] },
        {},
        { labels: { app: 'web' } },
      ),
      pod('job', { phase: 'Succeeded', podIP: '10.0.0.8' }),
      serviceEntry('api', { hosts: ['api.example.org'], resolution: 'STATIC', endpoints: [{ address: '192.0.2.1' }] }),
      workloadEntry('vm', { address: '192.0.2.2', labels: { app: 'vm' } }),
      serviceImport('shared', { type: 'ClusterSetIP', ips: ['10.128.0.1'], ports: [{ port: 80, protocol: 'TCP' }] }),
      endpointSlice('own', ['10.0.0.1']),
      endpointSlice(
        'foreign',
        ['10.4.0.1'],
        {},
        {
          labels: { 'multicluster.kubernetes.io/service-name': 'shared', 'multicluster.kubernetes.io/source-cluster': 'east' },
        },
      ),
    )
    const kinds = ['Pod', 'ServiceEntry', 'WorkloadEntry', 'ServiceImport', 'ImportedSlice', 'EndpointSlice'] as const
    using watching = watchCluster(source, kinds)
    await watching.cluster.synced(kinds)
    assert.deepEqual([...watching.observer.objects.keys()].sort(), [
      'EndpointSlice default/own-1',
      'ImportedSlice default/foreign-1',
      'Pod default/web-0',
      'ServiceEntry default/api',
      'ServiceImport default/shared',
      'WorkloadEntry default/vm',
    ])
    const imported = watching.observer.objects.get('ImportedSlice default/foreign-1')
    assert.ok(imported?.kind === 'ImportedSlice' && imported.service === 'shared' && imported.cluster === 'east')
  })

  check('selects by label and by the phase of a pod, also when they change', async ({ api, source }) => {
    const labelled = { labels: { team: 'shop' } }
    await api.put(service('mine', {}, labelled), service('other'))
    using watching = watchCluster(source, ['Service', 'Pod'], { selectors: { labels: 'team=shop' } })
    const { cluster, observer } = watching
    await cluster.synced(['Service', 'Pod'])
    assert.deepEqual([...observer.objects.keys()], ['Service default/mine'])
    await api.put(pod('web-0', { phase: 'Running', podIP: '10.0.0.9' }, {}, labelled), service('other', {}, labelled))
    await observer.until(({ objects }) => objects.has('Service default/other') && objects.has('Pod default/web-0'))
    await api.put(service('mine'))
    await observer.until(({ objects }) => !objects.has('Service default/mine'))
  })

  check('goes on where it was when connections break', async ({ api, proxy, source }) => {
    await api.put(backend, backendSlice)
    using watching = watchCluster(source, ['Service', 'EndpointSlice'])
    const { cluster, observer } = watching
    await cluster.synced(['Service', 'EndpointSlice'])
    for (const address of ['10.0.0.5', '10.0.0.6']) {
      proxy.open = false
      proxy.cut()
      await api.put(endpointSlice('backend', [address]))
      proxy.open = true
      await observer.untilObject(BACKEND_SLICE, hasAddresses(address))
    }
    assert.deepEqual(
      observer.history.filter(change => change.startsWith('-')),
      [],
    )
    assert.equal(observer.history.filter(change => change.endsWith(BACKEND)).length, 1)
  })

  check('lists anew when its place is forgotten, and tells only what is different', async ({ api, proxy, source }) => {
    await api.put(backend, backendSlice, endpointSlice('stays', ['10.0.0.7']), endpointSlice('goes', ['10.0.0.8']))
    using watching = watchCluster(source, ['Service', 'EndpointSlice'])
    const { cluster, observer } = watching
    await cluster.synced(['Service', 'EndpointSlice'])
    const before = observer.history.length
    proxy.open = false
    proxy.cut()
    await api.put(endpointSlice('backend', ['10.0.0.3']), endpointSlice('new', ['10.0.0.9']))
    await api.delete(endpointSlice('goes', []))
    await api.compact()
    await api.put(service('newer'))
    proxy.open = true
    await observer.until(({ history }) => history.includes('-EndpointSlice default/goes-1') && history.length >= before + 4)
    assert.deepEqual(observer.history.slice(before).sort(), [
      '+EndpointSlice default/new-1',
      '+Service default/newer',
      '-EndpointSlice default/goes-1',
      '~EndpointSlice default/backend-1',
    ])
  })

  check('survives the end and the return of the server', async ({ api, source }) => {
    await api.put(backend, backendSlice)
    using watching = watchCluster(source, ['Service', 'EndpointSlice'])
    const { cluster, observer, log } = watching
    await cluster.synced(['Service', 'EndpointSlice'])
    await api.stop()
    await logged(log, /what is known stays/)
    assert.deepEqual([...observer.objects.keys()].sort(), [BACKEND_SLICE, BACKEND])
    await api.restart()
    await api.put(endpointSlice('backend', ['10.0.0.3']))
    await observer.untilObject(BACKEND_SLICE, hasAddresses('10.0.0.3'))
    assert.deepEqual(
      observer.history.filter(change => change.startsWith('-')),
      [],
    )
  })

  check('notices a connection that has fallen silent, although it stands', async ({ api, proxy, source }) => {
    await api.put(backendSlice)
    using watching = watchCluster(source, ['EndpointSlice'])
    const { cluster, observer, log } = watching
    await cluster.synced(['EndpointSlice'])
    proxy.mute()
    await api.put(endpointSlice('backend', ['10.0.0.3']))
    const begun = performance.now()
    await observer.untilObject(BACKEND_SLICE, hasAddresses('10.0.0.3'))
    assert.ok(performance.now() - begun < 3 * BRIEF.silence)
    assert.deepEqual(log, [])
  })

  check(
    'takes kinds that do not exist for kinds without objects, and notices when they come',
    async ({ api, source }) => {
      using watching = watchCluster(source, ['ServiceEntry', 'Service'], { timing: { relook: 60_000 } })
      const { cluster, observer, log } = watching
      await cluster.synced(['ServiceEntry', 'Service'])
      await api.put(definition('ServiceEntry', 'networking.istio.io', 'v1'))
      await putWhenServed(api, serviceEntry('api', { hosts: ['api.example.org'], resolution: 'NONE' }))
      await observer.untilObject('ServiceEntry default/api', () => true)
      const told = 'serviceentries.networking.istio.io: there is no version v1 of these; until there is, none count'
      assert.deepEqual(log, [`[INFO] kubernetes: ${told}`])
    },
    true,
  )
}
