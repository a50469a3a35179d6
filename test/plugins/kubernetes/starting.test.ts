import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { endpointSlice, namespace, service } from '#test/support/kubernetes/objects.ts'
import { extendedErrorOf } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'

const BACKEND = 'backend.default.svc.cluster.local.'
const UNKNOWN = 'gone.default.svc.cluster.local.'

const ready = async (port: number) => {
  const response = await fetch(`http://127.0.0.1:${port}/ready`)
  return `${response.status} ${await response.text()}`
}

const corefile = (api: FakeApi, port: number, options = '') => `.:0 {
  ready 127.0.0.1:${port}
  kubernetes cluster.local in-addr.arpa {
    endpoint ${api.url}
    startup_timeout 700ms
    fallthrough in-addr.arpa
    ${options}
  }
  whoami
}
`

test('until everything is known, known names are answered, unknown ones fail, and /ready tells what is missing', async () => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), service('backend'), endpointSlice('backend', ['10.0.0.1']))
  let forbidden = true
  api.script = ({ path }) =>
    forbidden && path.endsWith('/endpointslices')
      ? {
          status: 403,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ kind: 'Status', code: 403, message: 'endpointslices is forbidden' }),
        }
      : undefined
  const [port, explaining] = [await freePort(), await freePort()]
  await using server = await startServer(corefile(api, port).replace('ready', `explain 127.0.0.1:${explaining}\n  ready`), {})
  const explained = async (name: string) => (await fetch(`http://127.0.0.1:${explaining}/explain?name=${name}`)).text()
  const lines = server.stdout.filter(line => line.includes('plugin/kubernetes'))
  assert.deepEqual(
    [
      '[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server',
      '[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API',
    ].filter(line => !lines.includes(line)),
    [],
  )
  await until(async () => (await server.query(BACKEND)).rcode === 'NOERROR')
  assert.deepEqual((await server.query(BACKEND)).answer, [`${BACKEND} 5 IN A 10.96.0.10`])
  const unknown = await server.query(UNKNOWN, 'A', { edns: true })
  const { rcode, flags, authority } = unknown
  assert.match(extendedErrorOf(unknown)!, /^14 ./)
  assert.deepEqual([rcode, flags, authority.length], ['SERVFAIL', 'qr aa rd', 1])
  assert.equal((await server.query('9.9.9.9.in-addr.arpa.', 'PTR')).additional.length, 2, 'what falls through is passed on')
  await until(async () => (await ready(port)).includes('not allowed'))
  assert.match(
    await ready(port),
    /^503 kubernetes\nkubernetes: endpointslices\.discovery\.k8s\.io: not allowed to list and watch: endpointslices is forbidden/,
  )
  assert.match(await explained(UNKNOWN), /- endpointslices.*not allowed.*\n +- no Service default\/gone is known yet\n/)
  assert.match(await explained('backend.gone.svc.cluster.local'), /\n +- no namespace gone is known yet\n/)
  forbidden = false
  while ((await ready(port)) !== '200 OK');
  assert.equal((await server.query(UNKNOWN)).rcode, 'NXDOMAIN')
  assert.match(await explained(UNKNOWN), /- there is no Service default\/gone\n/)
})

test('what is known is answered while the API server is away, and a reload keeps it', async () => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), service('backend'))
  const port = await freePort()
  await using server = await startServer(`.:0 {\n  reload\n${corefile(api, port).slice('.:0 {\n'.length)}`)
  await api.stop()
  await server.waitForLine(/what is known stays/)
  const asked = api.seen.length
  server.signal('SIGUSR1')
  await server.waitForLine(/Reloading complete/)
  assert.equal((await server.query(BACKEND)).rcode, 'NOERROR')
  assert.equal((await server.query(UNKNOWN)).rcode, 'NXDOMAIN')
  assert.equal(await ready(port), '200 OK')
  assert.equal(api.seen.length, asked)
  await api.restart()
  api.put(service('late'))
  while ((await server.query('late.default.svc.cluster.local.')).rcode !== 'NOERROR');
})

test('several blocks watch one cluster once', async () => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), service('backend'), endpointSlice('backend', ['10.0.0.1']))
  const block = (zone: string) => `${zone}:0 {\n  kubernetes {\n    endpoint ${api.url}\n  }\n}\n`
  await using server = await startServer(block('a.test') + block('b.test'))
  const [, second] = server.ports
  assert.equal((await server.query('backend.default.svc.a.test.')).rcode, 'NOERROR')
  assert.equal((await server.query('backend.default.svc.b.test.', 'A', { port: second! })).rcode, 'NOERROR')
  assert.deepEqual(api.seen.map(({ path }) => path).sort(), [
    '/api/v1/namespaces',
    '/api/v1/services',
    '/apis/discovery.k8s.io/v1/endpointslices',
  ])
})

test('how long changes of endpoints take to get here is a metric', async () => {
  await using api = await FakeApi.start()
  const headless = { clusterIP: 'None', clusterIPs: ['None'] }
  api.put(namespace('default'), service('backend'), service('db', headless))
  const [port, metrics] = [await freePort(), await freePort()]
  const text = corefile(api, port).replace('ready ', `prometheus 127.0.0.1:${metrics}\n  ready `)
  await using server = await startServer(text)
  for (const [name, i] of [
    ['backend', 1],
    ['db', 2],
    ['db', 3],
    ['nobody', 4],
  ] as const) {
    const annotations = { 'endpoints.kubernetes.io/last-change-trigger-time': new Date(Date.now() - 3000).toISOString() }
    const { labels } = endpointSlice(name, []).metadata!
    api.put(endpointSlice(name, [`10.0.0.${i}`], {}, { labels: labels!, annotations }))
  }
  while ((await server.query('4.0.0.10.in-addr.arpa.', 'PTR')).answer.length === 0);
  const requests = (text: string, code: string) =>
    new RegExp(
      `^coredns_kubernetes_rest_client_requests_total\\{code="${code}",method="GET",host="127.0.0.1:${api.port}"\\} (\\d+)$`,
      'm',
    ).exec(text)?.[1]
  const page = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()
  const bucket = (kind: string, le: string) =>
    new RegExp(
      `^coredns_kubernetes_dns_programming_duration_seconds_bucket\\{service_kind="${kind}",le="${le}"\\} (\\d+)$`,
      'm',
    ).exec(page)?.[1]
  assert.deepEqual(
    [bucket('cluster_ip', '2.048'), bucket('cluster_ip', '8.192'), bucket('headless_with_selector', '8.192')],
    ['0', '1', '2'],
  )
  assert.equal(requests(page, '200'), '3')
  await api.stop()
  await server.waitForLine(/ECONNREFUSED.*what is known stays/)
  assert.ok(Number(requests(await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text(), '<error>')) > 0)
})
