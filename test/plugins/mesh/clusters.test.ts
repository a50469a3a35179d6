/** Clusters as sources, through a real process and API servers that it is told of by kubeconfig files. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { kubeconfigOf } from '#test/support/kubernetes/kubeconfig.ts'
import { endpointSlice, namespace, pod, service } from '#test/support/kubernetes/objects.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'
import { untilAnswered } from './answering.ts'
import { BACKEND } from './manifests.ts'

test('a cluster is answered from, and every change of it', async () => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), service('backend'), endpointSlice('backend', ['10.0.0.1', '10.0.0.2']))
  const files = { 'clusters/one.yaml': kubeconfigOf(api.url) }
  const corefile = '.:0 {\n  root clusters\n  mesh {\n    source kubernetes kubeconfig one.yaml\n  }\n}\n'
  await using server = await startServer(corefile, { files })
  assert.equal((await server.query(BACKEND)).answer.length, 2)
  assert.equal((await server.query('other.default.svc.cluster.local.')).rcode, 'NXDOMAIN')
  api.put(endpointSlice('backend', ['10.0.0.2']))
  await untilAnswered(server, BACKEND, '10.0.0.2')
  // What is known stays while the API server is away.
  await api.stop()
  await server.waitForLine(/what is known stays/)
  await untilAnswered(server, BACKEND, '10.0.0.2')
})

test('several clusters are united: endpoints of all, virtual addresses of the first', async () => {
  await using west = await FakeApi.start()
  await using east = await FakeApi.start()
  west.put(service('backend', { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'] }), endpointSlice('backend', ['10.1.0.1']))
  east.put(service('backend', { clusterIP: '10.97.0.1', clusterIPs: ['10.97.0.1'] }), endpointSlice('backend', ['10.2.0.1']))
  east.put(service('far', { clusterIP: '10.97.0.2', clusterIPs: ['10.97.0.2'] }))
  const files = { 'both.yaml': kubeconfigOf(west.url, { east: east.url }) }
  const sources = '    source kubernetes kubeconfig both.yaml\n    source kubernetes kubeconfig both.yaml east\n'
  const corefile = `a.test:0 {\n  mesh {\n${sources}  }\n}\nb.test:0 {\n  mesh {\n${sources}    answer vip\n  }\n}\n`
  await using server = await startServer(corefile, { files })
  const [, port] = server.ports
  await untilAnswered(server, 'backend.default.svc.a.test.', '10.1.0.1', '10.2.0.1')
  const answers = async (name: string) => (await server.query(name, 'A', { port: port! })).answer
  assert.deepEqual(await answers('backend.default.svc.b.test.'), ['backend.default.svc.b.test. 5 IN A 10.96.0.1'])
  assert.deepEqual(await answers('far.default.svc.b.test.'), ['far.default.svc.b.test. 5 IN A 10.97.0.2'])
  west.delete(endpointSlice('backend', []))
  await untilAnswered(server, 'backend.default.svc.a.test.', '10.2.0.1')
})

test('what the server may not read is named once in the log and in /ready, and what it may is answered', async () => {
  await using api = await FakeApi.start()
  api.put(service('backend'), endpointSlice('backend', ['10.0.0.1']))
  const message = 'serviceentries.networking.istio.io is forbidden: User "mesh" cannot list resource "serviceentries"'
  let forbidden = true
  api.script = ({ path }) =>
    forbidden && path.endsWith('/serviceentries')
      ? {
          status: 403,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ kind: 'Status', code: 403, message }),
        }
      : undefined
  const port = await freePort()
  const files = { 'one.yaml': kubeconfigOf(api.url) }
  const mesh = 'mesh {\n    source kubernetes kubeconfig one.yaml\n    startup_timeout 100ms\n  }'
  await using server = await startServer(`.:0 {\n  ready 127.0.0.1:${port}\n  ${mesh}\n}\n`, { files })
  await untilAnswered(server, BACKEND, '10.0.0.1')
  const trouble = `serviceentries.networking.istio.io: not allowed to list and watch: ${message} (403)`
  await server.waitForLine(/not allowed/)
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/ready`)).text()
  assert.match(await ready(), new RegExp(RegExp.escape(`waiting for source kubernetes kubeconfig one.yaml: ${trouble}`)))
  assert.equal(server.stdout.filter(line => line.includes(trouble)).length, 1)
  forbidden = false
  while ((await ready()) !== 'OK');
})

test('who asks is known from whichever source has the client', async () => {
  await using hosts = await FakeApi.start()
  await using clients = await FakeApi.start()
  hosts.put(
    service('backend', {}, { annotations: { 'networking.istio.io/exportTo': '.' } }),
    endpointSlice('backend', ['10.0.0.1']),
  )
  clients.put(pod('one', { podIPs: [{ ip: '127.0.0.1' }] }))
  const files = {
    'both.yaml': kubeconfigOf(clients.url, { hosts: hosts.url }),
    'clients.yaml': `
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: two, namespace: default }
spec: { address: '::1' }
`,
  }
  const sources = ['file clients.yaml', 'kubernetes kubeconfig both.yaml', 'kubernetes kubeconfig both.yaml hosts']
  const mesh = `mesh {\n${sources.map(source => `    source ${source}\n`).join('')}  }`
  for (const above of ['', 'multisocket 2']) {
    await using server = await startServer(`.:0 {\n  ${above}\n  ${mesh}\n}\n`, { files })
    await untilAnswered(server, BACKEND, '10.0.0.1')
    while ((await server.query(BACKEND, 'A', { address: '::1' })).answer.length === 0);
    assert.equal((await server.query(BACKEND, 'A', { from: '127.0.0.2' })).rcode, 'NXDOMAIN', 'to a client that nobody knows')
  }
})

test('what is exported to its own namespace is answered to the pods of that namespace, which are watched for it only', async () => {
  await using api = await FakeApi.start()
  const exported = (exportTo: string) =>
    service('backend', {}, { annotations: { 'networking.istio.io/exportTo': exportTo }, namespace: 'shop' })
  const slice = endpointSlice(
    'backend',
    ['10.0.0.1'],
    {},
    {
      namespace: 'shop',
      labels: { 'kubernetes.io/service-name': 'backend' },
    },
  )
  const client = (name: string, own: string, spec = {}) => pod(name, { podIPs: [{ ip: '127.0.0.1' }] }, spec, { namespace: own })
  api.put(exported('*'), slice, client('one', 'elsewhere'))
  const files = { 'one.yaml': kubeconfigOf(api.url) }
  const mesh = 'mesh {\n    source kubernetes kubeconfig one.yaml\n  }'
  await using server = await startServer(`.:0 {\n  ${mesh}\n}\n`, { files })
  const name = 'backend.shop.svc.cluster.local.'
  await untilAnswered(server, name, '10.0.0.1')
  assert.ok(!api.seen.some(({ path }) => path === '/api/v1/pods'))

  api.put(exported('.'))
  await untilAnswered(server, name)
  assert.equal((await server.query(name)).rcode, 'NXDOMAIN')
  await api.asked(({ path }) => path === '/api/v1/pods')
  api.delete(client('one', 'elsewhere'))
  api.put(client('two', 'shop'))
  await untilAnswered(server, name, '10.0.0.1')
  assert.equal((await server.query(name, 'A', { address: '::1' })).rcode, 'NXDOMAIN', 'to a client that nobody knows')
  // A pod that has its node's address says nothing about who asks from there.
  api.put(client('two', 'shop', { hostNetwork: true }))
  await untilAnswered(server, name)
  api.put(exported('*'))
  await untilAnswered(server, name, '10.0.0.1')
})
