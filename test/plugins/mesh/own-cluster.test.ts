/** The cluster that the server is a pod of, read from its API server, beside an istiod that knows it and others. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Mesh } from '#plugins/mesh/mesh.ts'
import { istiodSource } from '#src/feeds/istiod/source.ts'
import { clusterSource } from '#src/feeds/kubernetes/source.ts'
import { createLogger } from '#src/log.ts'
import { Metrics } from '#src/metrics.ts'
import { failure, type ServerBlock } from '#src/plugin.ts'
import { InProcessServer } from '#test/support/in-process.ts'
import { assignment, cluster, nameTable, wdsService, workload } from '#test/support/istiod/resources.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { endpointSlice, namespace, service } from '#test/support/kubernetes/objects.ts'
import { at, logged } from '#test/support/kubernetes/watching.ts'
import { endsOf } from './answering.ts'
import { BACKEND } from './manifests.ts'

const HOST = 'backend.default.svc.cluster.local'

/** An istiod that knows two pods of the own cluster, and one of another one. */
async function startIstiod(ambient: boolean, own = 'west'): Promise<TestIstiod> {
  const istiod = await TestIstiod.start({ ambient })
  const pod = (address: string, cluster: string) =>
    workload('default', `backend-${address}`, {
      addresses: [address],
      services: [`default/${HOST}`],
      cluster,
      uid: `${cluster}//Pod/default/backend-${address}`,
    })
  istiod.hold('WDS', [
    wdsService('default', 'backend', { vips: ['10.96.0.1'] }),
    ...[pod('10.1.0.1', own), pod('10.1.0.2', own), pod('10.2.0.1', 'east')],
  ])
  istiod.hold('NDS', [nameTable({ [HOST]: [['10.96.0.1'], 'backend', 'default'] })])
  istiod.hold('CDS', [cluster(80, HOST)])
  const of = (cluster: string) => `backend;default;backend;;${cluster}`
  istiod.hold('EDS', [
    assignment(80, HOST, [
      { address: '10.1.0.1', workload: of(own) },
      { address: '10.1.0.2', workload: of(own) },
      { address: '10.2.0.1', workload: of('east') },
    ]),
  ])
  return istiod
}

/** A mesh of both; its server, and the lines of its log. */
async function startMesh(t: TestContext, api: FakeApi, istiod: TestIstiod) {
  const log: string[] = []
  const block = {
    server: { metrics: new Metrics() },
    root: '',
    log: () => createLogger('text', 'info', { write: line => void log.push(line.trimEnd()) }),
  } as unknown as ServerBlock
  const reached = {
    addresses: [istiod.address],
    tls: undefined,
    token: undefined,
    clusterId: 'west',
    namespace: 'istio-system',
    network: undefined,
    mode: 'auto',
    apart: true,
  } as const
  const sources = [() => ({ ...clusterSource(at(api.url)), own: true }), () => istiodSource(reached, '')]
  const options = {
    zones: ['cluster.local.'],
    sources,
    answer: 'endpoints',
    ttl: 5,
    startupTimeout: 300,
    fallthrough: [],
  } as const
  const mesh = new Mesh(options, block)
  const stopping = new AbortController()
  await mesh.start(stopping.signal)
  const server = new InProcessServer('.:0 {\n  bind 127.0.0.1\n  script\n}\n')
  await server.server.start()
  server.script = mesh.wrap(() => failure('not for the mesh'))
  t.after(async () => {
    stopping.abort()
    await Promise.all([mesh.stop(), server[Symbol.asyncDispose]()])
  })
  const answers = async () => endsOf((await server.query(BACKEND)).answer)
  const until = async (...addresses: readonly string[]) => {
    const late = performance.now() + 30_000
    for (let told = await answers(); told.join() !== addresses.join(); told = await answers())
      assert.ok(performance.now() < late, `${told}, not ${addresses}`)
  }
  return { log, answers, until, mesh }
}

for (const [protocol, ambient] of [
  ['WDS', true],
  ['EDS', false],
] as const) {
  test(`${protocol}: what Kubernetes takes away is away, whatever istiod still tells; other clusters are istiod's`, async t => {
    await using api = await FakeApi.start()
    api.put(namespace('default'), service('backend'), endpointSlice('backend', ['10.1.0.1', '10.1.0.2']))
    await using istiod = await startIstiod(ambient)
    const { until, log } = await startMesh(t, api, istiod)
    await until('10.1.0.1', '10.1.0.2', '10.2.0.1')
    api.put(endpointSlice('backend', ['10.1.0.2']))
    await until('10.1.0.2', '10.2.0.1')
    api.delete(service('backend'), endpointSlice('backend', []))
    await until('10.2.0.1')
    assert.deepEqual(log, [])
  })
}

test('until the API server has told everything, what istiod tells of the cluster counts', async t => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), service('backend'), endpointSlice('backend', ['10.1.0.2']))
  let down = true
  api.script = () => (down ? { status: 503, headers: {}, body: '' } : undefined)
  await using istiod = await startIstiod(true)
  const { until } = await startMesh(t, api, istiod)
  await until('10.1.0.1', '10.1.0.2', '10.2.0.1')
  down = false
  await until('10.1.0.2', '10.2.0.1')
})

test('a cluster that istiod calls otherwise is told of', async t => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), service('backend'), endpointSlice('backend', ['10.1.0.2']))
  await using istiod = await startIstiod(true, 'Kubernetes')
  const { until, log } = await startMesh(t, api, istiod)
  await until('10.1.0.1', '10.1.0.2', '10.2.0.1')
  await logged(log, /knows no endpoint in cluster west, which kubernetes tells of: cluster_id must be what istiod calls it/)
})
