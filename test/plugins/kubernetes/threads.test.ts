import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilAll } from '#test/plugins/multisocket/clients.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { endpointSlice, namespace, pod, service } from '#test/support/kubernetes/objects.ts'
import { startServer } from '#test/support/server.ts'

const DB = 'db.default.svc.cluster.local.'
const GONE = 'gone.default.svc.cluster.local.'
const POD = '10-0-0-1.default.pod.cluster.local.'
const headless = service('db', { clusterIP: 'None', clusterIPs: ['None'] })

const corefile = (api: FakeApi, options: string) =>
  `.:0 {\n  multisocket 2\n  kubernetes cluster.local {\n    endpoint ${api.url}\n    ${options}\n  }\n}\n`

test('a reload asks the API server for nothing, whatever thread answers', async () => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), headless, endpointSlice('db', ['10.0.0.1']))
  api.put(pod('web', { phase: 'Running', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] }))
  await using server = await startServer(corefile(api, 'pods verified'))
  const asked = api.seen.length
  server.signal('SIGUSR1')
  await server.waitForLine(/Reloading complete/)
  await untilAll(server, POD, `NOERROR ${POD} 5 IN A 10.0.0.1`)
  api.delete(headless)
  await untilAll(server, DB, 'NXDOMAIN')
  assert.deepEqual([asked, api.seen.length], [4, 4])
})

test('no thread says that a name does not exist before it knows everything', async () => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), headless, endpointSlice('db', ['10.0.0.1']))
  let deaf = true
  api.script = ({ path }) => (deaf && path.endsWith('/endpointslices') ? { status: 503 } : undefined)
  await using server = await startServer(corefile(api, 'startup_timeout 200ms'))
  await untilAll(server, GONE, 'SERVFAIL')
  deaf = false
  await untilAll(server, GONE, 'NXDOMAIN')
  await untilAll(server, DB, `NOERROR ${DB} 5 IN A 10.0.0.1`)
})
