/** What an API server must not be able to do to those who ask: through a real process. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeApi, type Fault } from '#test/support/kubernetes/fake-api.ts'
import { kubeconfigOf } from '#test/support/kubernetes/kubeconfig.ts'
import { endpointSlice, type KubeObject, namespace, service, serviceEntry } from '#test/support/kubernetes/objects.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { untilAnswered } from './answering.ts'
import { BACKEND } from './manifests.ts'

const startOn = (api: FakeApi): Promise<ServerProcess> =>
  startServer('.:0 {\n  mesh {\n    source kubernetes kubeconfig one.yaml\n    startup_timeout 1s\n  }\n}\n', {
    files: { 'one.yaml': kubeconfigOf(api.url) },
  })

const backend: readonly KubeObject[] = [service('backend'), endpointSlice('backend', ['10.0.0.1', '10.0.0.2'])]

for (const encoding of ['Protocol Buffers', 'JSON'])
  test(`objects that are half, wrong or odd are named, and take nothing with them: ${encoding}`, async () => {
    await using api = await FakeApi.start()
    api.protobuf = encoding !== 'JSON'
    api.put(
      ...backend,
      endpointSlice('partly', ['10.0.1.1', '300.1.1.1', 'fd00::1', '']),
      service('partly'),
      endpointSlice('blank', [], { endpoints: [{}], ports: undefined }),
      service('blank'),
      service('no-ports', { ports: undefined }),
      service('wrong', { clusterIP: 'x', clusterIPs: ['x'] }),
      serviceEntry('hostless', { hosts: [] }),
      serviceEntry('api', { hosts: ['api.example.org'], resolution: 'STATIC', endpoints: [{ address: '192.0.2.1' }] }),
      namespace('svc'),
      service('svc', {}, { namespace: 'svc' }),
      endpointSlice('svc', ['10.0.2.1'], {}, { namespace: 'svc', labels: { 'kubernetes.io/service-name': 'svc' } }),
    )
    await using server = await startOn(api)
    await untilAnswered(server, BACKEND, '10.0.0.1', '10.0.0.2')
    await untilAnswered(server, 'partly.default.svc.cluster.local.', '10.0.1.1')
    await untilAnswered(server, 'svc.svc.svc.cluster.local.', '10.0.2.1')
    await untilAnswered(server, 'api.example.org.', '192.0.2.1')
    const rcode = async (name: string) => (await server.query(name)).rcode
    for (const name of ['blank.default', 'no-ports.default', 'svc'])
      assert.equal(await rcode(`${name}.svc.cluster.local.`), 'NOERROR', name)
    assert.equal(await rcode('wrong.default.svc.cluster.local.'), 'NXDOMAIN')
    for (const complaint of [
      /EndpointSlice default\/partly-1: endpoints\[1\]\.addresses\[0\] must be an IPv4 address, not "300\.1\.1\.1"/,
      /Service default\/wrong: spec\.clusterIPs\[0\] must be an IP address, not "x"/,
      /ServiceEntry default\/hostless: spec\.hosts must be a list of at least one host/,
    ])
      await server.waitForLine(complaint)
    // What becomes wrong stays as it was.
    api.put(service('backend', { clusterIP: 'x', clusterIPs: ['x'] }), endpointSlice('backend', ['10.0.0.3']))
    await untilAnswered(server, BACKEND, '10.0.0.3')
  })

test('a page in HTML and a stream that breaks off keep nobody from an answer for long', async () => {
  await using api = await FakeApi.start()
  api.protobuf = false
  api.put(...backend)
  const html = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html><body>Sign in, please</body></html>' }
  const faults: Fault[] = [html]
  api.script = ({ path }) => (path.endsWith('/endpointslices') ? faults.shift() : undefined)
  await using server = await startOn(api)
  await server.waitForLine(
    /endpointslices\.discovery\.k8s\.io: the answer is text\/html, no API server's: <html><body>Sign in, please/,
  )
  await untilAnswered(server, BACKEND, '10.0.0.1', '10.0.0.2')
  // The same once everything is known: it stays.
  faults.push({ breakAfter: 300 })
  api.expire()
  api.put(endpointSlice('backend', ['10.0.0.3']))
  const seen = new Set<number>()
  const late = performance.now() + 30_000
  for (let told: readonly string[] = []; !told.join().endsWith('10.0.0.3'); ) {
    told = (await server.query(BACKEND)).answer
    seen.add(told.length)
    assert.ok(performance.now() < late)
  }
  assert.deepEqual(seen, new Set([2, 1]))
})

test('a Service of 10,000 endpoints is cut over UDP, and told over TCP as far as a message goes', async () => {
  await using api = await FakeApi.start()
  const addresses = Array.from({ length: 10_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`)
  const slices = Array.from({ length: 100 }, (_, i) =>
    endpointSlice(
      'big',
      addresses.slice(100 * i, 100 * i + 100),
      {},
      {
        name: `big-${i}`,
        labels: { 'kubernetes.io/service-name': 'big' },
      },
    ),
  )
  api.put(service('big', { clusterIP: 'None', clusterIPs: ['None'] }), ...slices, ...backend)
  await using server = await startOn(api)
  await untilAnswered(server, BACKEND, '10.0.0.1', '10.0.0.2')
  const name = 'big.default.svc.cluster.local.'
  const cut = await server.query(name)
  assert.match(cut.flags, /\btc\b/)
  const whole = await server.queryTcp(name)
  assert.ok(whole.answer.length >= 4000 && whole.answer.length <= 4096, `${whole.answer.length}`)
  for (const slice of slices) api.delete(slice)
  await untilAnswered(server, name)
})
