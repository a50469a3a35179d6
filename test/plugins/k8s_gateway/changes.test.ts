import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toAddress } from '#src/dns/address.ts'
import { localAddresses } from '#src/feeds/cluster-index/local-addresses.ts'
import { untilAll } from '#test/plugins/multisocket/clients.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { kubeconfigOf } from '#test/support/kubernetes/kubeconfig.ts'
import { definition, endpointSlice, type KubeObject, namespace, service } from '#test/support/kubernetes/objects.ts'
import { extendedErrorOf } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'
import { corefileOf } from './corefile.ts'
import {
  balanced,
  dnsEndpoint,
  gateway,
  httpRoute,
  ingress,
  istioGateway,
  listener,
  listenerSet,
  virtualService,
} from './objects.ts'

const own = localAddresses([])
  .filter(({ length }) => length === 4)
  .map(address => toAddress(Buffer.from(address, 'latin1')))

const ask = async (server: ServerProcess, name: string) => {
  const { rcode, answer } = await server.query(`${name}.example.org.`)
  return [rcode, ...answer.map(line => line.split(' ').at(-1)).sort()].join(' ')
}

const ready = async (port: number) => {
  const response = await fetch(`http://127.0.0.1:${port}/ready`)
  return `${response.status} ${await response.text()}`
}

const podsService = (labels: Readonly<Record<string, string>> = {}): KubeObject =>
  service(
    'pods',
    { clusterIP: 'None', clusterIPs: ['None'] },
    { annotations: { 'k8s-gateway.dns/resolve-endpoints': 'true' }, labels },
  )

const publicGateway = (address: string, hostname?: string) =>
  gateway('public', { gatewayClassName: 'istio', listeners: [{ name: 'web', hostname }] }, { addresses: [{ value: address }] })

test('every change is in the next answer', async () => {
  await using api = await FakeApi.start()
  const resources = 'resources Ingress Service HTTPRoute VirtualService DNSEndpoint'
  await using server = await startServer(corefileOf(api.port, [resources]))
  const becomes = async (name: string, expected: string, ...changed: readonly KubeObject[]) => {
    api.put(...changed)
    await until(async () => (await ask(server, name)) === expected)
  }
  const route = httpRoute('site', { hostnames: ['site.example.org'], parentRefs: [{ name: 'public' }] })
  await becomes('site', 'NXDOMAIN', route)
  await becomes('site', 'NOERROR 203.0.113.1', publicGateway('203.0.113.1'))
  await becomes('site', 'NOERROR 203.0.113.2', publicGateway('203.0.113.2'))
  await becomes('site', 'NXDOMAIN', publicGateway('203.0.113.2', '*.elsewhere.example.org'))
  await becomes('site', 'NOERROR 203.0.113.3', publicGateway('203.0.113.3', '*.example.org'))
  await becomes('site', 'NOERROR 203.0.113.4', ingress('site', ['site.example.org', '*.example.org'], [{ ip: '203.0.113.4' }]))
  await becomes('other', 'NOERROR 203.0.113.4')
  api.delete(ingress('site', [], []))
  await becomes('site', 'NOERROR 203.0.113.3')
  assert.equal(await ask(server, 'other'), 'NXDOMAIN')
  api.delete(route)
  await becomes('site', 'NXDOMAIN')

  const everything = httpRoute('everything', { parentRefs: [{ name: 'public' }] })
  await becomes('a.one', 'NOERROR 203.0.113.3', everything, publicGateway('203.0.113.3', '*.one.example.org'))
  await becomes('a.two', 'NOERROR 203.0.113.3', publicGateway('203.0.113.3', '*.two.example.org'))
  assert.equal(await ask(server, 'a.one'), 'NXDOMAIN')
  await becomes('a.two', 'NXDOMAIN', publicGateway('203.0.113.3'))
  await becomes('a.two', 'NOERROR 203.0.113.3', publicGateway('203.0.113.3', '*.two.example.org'))
  api.delete(everything)
  await becomes('a.two', 'NXDOMAIN')

  const ofSet = httpRoute(
    'of-set',
    { hostnames: ['a.set.example.org'], parentRefs: [{ kind: 'ListenerSet', name: 'team' }] },
    {},
    { namespace: 'shop' },
  )
  const set = (accepted: 'True' | 'False') => listenerSet('team', [listener('set', '*.set.example.org')], accepted)
  await becomes('a.set', 'NOERROR 203.0.113.3', ofSet, set('True'))
  await becomes('a.set', 'NXDOMAIN', set('False'))
  await becomes('a.set', 'NOERROR 203.0.113.3', set('True'))
  api.delete(publicGateway(''))
  await becomes('a.set', 'NXDOMAIN')

  const selected = (ip: string, app: string) => balanced('edge', [{ ip }], { selector: { app } })
  await becomes('edge.default', 'NOERROR 203.0.113.5', selected('203.0.113.5', 'edge'))
  await becomes(
    'mesh',
    'NOERROR 203.0.113.5',
    istioGateway('edge', { selector: { app: 'edge' }, servers: [{ hosts: ['mesh.example.org'] }] }),
    virtualService('mesh', { hosts: ['mesh.example.org'], gateways: ['edge'] }),
  )
  await becomes('mesh', 'NOERROR 203.0.113.6', selected('203.0.113.6', 'edge'))
  await becomes('mesh', 'NXDOMAIN', selected('203.0.113.6', 'other'))

  const written = (...targets: readonly string[]) =>
    dnsEndpoint('written', { endpoints: [{ dnsName: 'a.written.example.org', recordType: 'A', targets }] })
  await becomes('a.written', 'NOERROR 203.0.113.7 203.0.113.8', written('203.0.113.7', '203.0.113.8'))
  assert.equal(await ask(server, 'written'), 'NOERROR', 'there is a name below it')
  await becomes('a.written', 'NOERROR 203.0.113.8', written('203.0.113.8'))
  api.delete(written())
  await becomes('a.written', 'NXDOMAIN')
  assert.equal(await ask(server, 'written'), 'NXDOMAIN')
})

test('endpoints are watched as soon as a Service is to be reached there, also among selected ones', async () => {
  await using api = await FakeApi.start()
  const paths = () => api.seen.filter(({ path }) => !path.endsWith('/customresourcedefinitions')).map(({ path }) => path)
  await using server = await startServer(corefileOf(api.port, ['resources Service', 'serviceLabelSelectors team=web']))
  assert.deepEqual(paths(), ['/api/v1/services'])
  api.put(podsService({ team: 'web' }), endpointSlice('pods', ['10.244.0.1']))
  await until(async () => (await ask(server, 'pods.default')) === 'NOERROR 10.244.0.1')
  assert.deepEqual(paths(), ['/api/v1/services', '/apis/discovery.k8s.io/v1/endpointslices'])
  api.put(endpointSlice('pods', ['10.244.0.2', '10.244.0.3']))
  await until(async () => (await ask(server, 'pods.default')) === 'NOERROR 10.244.0.2 10.244.0.3')
  api.put(podsService())
  await until(async () => (await ask(server, 'pods.default')) === 'NXDOMAIN')
})

test('endpoints that come stand before what had the name meanwhile', async () => {
  await using api = await FakeApi.start()
  await using server = await startServer(corefileOf(api.port, ['resources Service Ingress']))
  const host = 'pods.default.example.org'
  for (const meanwhile of [
    ingress('pods', [host], [{ ip: '203.0.113.1' }]),
    ingress('pods', ['*.default.example.org'], [{ ip: '203.0.113.1' }]),
    balanced('pods-too', [{ ip: '203.0.113.1' }], {}, { annotations: { 'coredns.io/hostname': host } }),
  ]) {
    api.put(podsService(), endpointSlice('pods', []), meanwhile)
    await until(async () => (await ask(server, 'pods.default')) === 'NOERROR 203.0.113.1')
    api.put(endpointSlice('pods', ['10.244.0.1']))
    const both = meanwhile.kind === 'Service' ? ' 203.0.113.1' : ''
    await until(async () => (await ask(server, 'pods.default')) === `NOERROR 10.244.0.1${both}`)
    api.delete(meanwhile)
  }
})

test('until everything is known, known names are answered, others fail and are not passed on, and /ready tells what is missing', async () => {
  await using api = await FakeApi.start()
  api.put(ingress('web', ['web.example.org'], [{ ip: '203.0.113.1' }]))
  let deaf = true
  api.script = ({ path }) => (deaf && path.endsWith('/services') ? { status: 503, body: 'not yet' } : undefined)
  const port = await freePort()
  const options = ['startup_timeout 200ms', 'fallthrough']
  await using server = await startServer(corefileOf(api.port, options, { above: `ready 127.0.0.1:${port}` }))
  await until(async () => (await ask(server, 'web')) === 'NOERROR 203.0.113.1')
  const gone = await server.query('gone.example.org.', 'A', { edns: true })
  assert.equal(gone.rcode, 'SERVFAIL')
  assert.match(extendedErrorOf(gone)!, /^14 services: not yet \(503\)$/)
  assert.match(await ready(port), /^503 k8s_gateway\nk8s_gateway: services: not yet \(503\)/)
  assert.ok(server.stdout.includes('[WARNING] plugin/k8s_gateway: starting server with unsynced Kubernetes API'))
  deaf = false
  await until(async () => (await ready(port)) === '200 OK')
  for (const [name, type] of [
    ['gone.example.org.', 'A'],
    ['example.org.', 'SOA'],
    ['example.org.', 'NS'],
  ] as const)
    assert.equal((await server.query(name, type)).additional.length, 2, `${name} ${type} is passed on`)
})

test('what is known is answered while the API server is away, and a reload keeps it', async () => {
  await using api = await FakeApi.start()
  api.put(publicGateway('203.0.113.1'), httpRoute('site', { hostnames: ['site.example.org'], parentRefs: [{ name: 'public' }] }))
  const port = await freePort()
  const above = `reload\nready 127.0.0.1:${port}`
  await using server = await startServer(corefileOf(api.port, ['resources HTTPRoute'], { above }))
  await api.stop()
  await server.waitForLine(/what is known stays/)
  const asked = api.seen.length
  server.signal('SIGUSR1')
  await server.waitForLine(/Reloading complete/)
  assert.equal(await ask(server, 'site'), 'NOERROR 203.0.113.1')
  assert.equal(await ask(server, 'gone'), 'NXDOMAIN')
  assert.equal(await ready(port), '200 OK')
  assert.equal(api.seen.length, asked)
  await api.restart()
  api.put(publicGateway('203.0.113.2'))
  await until(async () => (await ask(server, 'site')) === 'NOERROR 203.0.113.2')
})

test('a kind that the cluster does not have is waited for by nobody, and is noticed when it comes', async () => {
  await using api = await FakeApi.start()
  for (const kind of ['Gateway', 'HTTPRoute', 'DNSEndpoint']) api.unserve(kind)
  const port = await freePort()
  const above = `ready 127.0.0.1:${port}`
  await using server = await startServer(corefileOf(api.port, ['resources HTTPRoute DNSEndpoint'], { above }))
  assert.equal(await ready(port), '200 OK')
  assert.equal(await ask(server, 'site'), 'NXDOMAIN')
  const absent = server.stdout.filter(line => line.includes('there is no version'))
  assert.equal(absent.length, 3)
  assert.match(
    absent.sort()[1]!,
    /^\[INFO\] plugin\/k8s_gateway: .*: gateways\.gateway\.networking\.k8s\.io: there is no version v1 of these; until there is, none count$/,
  )
  const group = 'gateway.networking.k8s.io'
  api.put(definition('Gateway', group, 'v1'), definition('HTTPRoute', group, 'v1'))
  api.put(publicGateway('203.0.113.1'), httpRoute('site', { hostnames: ['site.example.org'], parentRefs: [{ name: 'public' }] }))
  await until(async () => (await ask(server, 'site')) === 'NOERROR 203.0.113.1')
  assert.deepEqual(server.stderr, [])
})

test('what kubernetes and mesh watch is not watched again', async () => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), podsService(), endpointSlice('pods', ['10.244.0.1']))
  api.put(ingress('web', ['web.example.org'], [{ ip: '203.0.113.1' }]))
  const corefile = `.:0 {
    mesh mesh.local {
        source kubernetes kubeconfig config
    }
    kubernetes cluster.local {
        kubeconfig config
    }
    k8s_gateway example.org {
        kubeconfig config
    }
}
`
  await using server = await startServer(corefile, { files: { config: kubeconfigOf(api.url) } })
  assert.equal(await ask(server, 'web'), 'NOERROR 203.0.113.1')
  for (const zone of ['example.org.', 'svc.cluster.local.', 'svc.mesh.local.'])
    assert.match((await server.query(`pods.default.${zone}`)).answer.join(), / A 10\.244\.0\.1$/)
  for (const name of ['web.default.svc.mesh.local.', 'web.svc.mesh.local.'])
    assert.equal((await server.query(name)).rcode, 'NXDOMAIN', 'mesh is told of its own kinds alone')
  assert.deepEqual(api.seen.map(({ path }) => path.split('/').at(-1)).sort(), [
    'endpointslices',
    'ingresses',
    'namespaces',
    'serviceentries',
    'services',
    'workloadentries',
  ])
})

test('what others watch makes no names, and there are none above Services that are not selected', async () => {
  await using api = await FakeApi.start()
  api.put(
    balanced('edge', [{ ip: '203.0.113.1' }], {}, { labels: { team: 'edge' } }),
    balanced('shop', [], {}, { namespace: 'shop' }),
  )
  api.put(balanced('other', [{ ip: '203.0.113.2' }], {}, { namespace: 'shop' }))
  const above = `kubernetes cluster.local {\nendpoint ${api.url}\n}`
  for (const [options, expected] of [
    [['resources Ingress'], ['NXDOMAIN', 'NXDOMAIN']],
    [['serviceLabelSelectors team=edge'], ['NOERROR', 'NXDOMAIN']],
    [[], ['NOERROR', 'NOERROR']],
  ] as const) {
    await using server = await startServer(corefileOf(api.port, options, { above }))
    assert.deepEqual([await ask(server, 'default'), await ask(server, 'shop')], expected, options.join())
  }
})

test('a server whose Service is not known is reached at its own addresses', { skip: own.length === 0 }, async () => {
  await using api = await FakeApi.start()
  const port = await freePort()
  await using server = await startServer(corefileOf(api.port, ['ttl 5'], { above: `explain 127.0.0.1:${port}` }))
  const { answer, additional } = await server.query('example.org.', 'NS')
  assert.deepEqual(answer, ['example.org. 5 IN NS dns1.kube-system.example.org.'])
  for (const address of own) assert.ok(additional.includes(`dns1.kube-system.example.org. 5 IN A ${address}`), address)
  assert.equal((await server.query('dns1.kube-system.example.org.')).answer.length, own.length)
  assert.equal(await ask(server, 'kube-system'), 'NOERROR', 'the name above it exists')
  const explained = await (await fetch(`http://127.0.0.1:${port}/explain?name=dns1.kube-system.example.org`)).text()
  assert.match(explained, /- this server leads from dns1\.kube-system\.example\.org\. to /)
})

test('all threads answer alike, whatever comes and goes', async () => {
  await using api = await FakeApi.start()
  api.put(ingress('web', ['web.example.org'], [{ ip: '203.0.113.1' }]))
  await using server = await startServer(corefileOf(api.port, [], { above: 'multisocket 2' }))
  await untilAll(server, 'web.example.org.', 'NOERROR web.example.org. 60 IN A 203.0.113.1')
  for (let i = 0; i < 50; i++) {
    const passing = balanced(`passing-${i}`, [{ ip: '203.0.113.9' }])
    api.put(passing)
    api.delete(passing)
  }
  api.put(podsService(), endpointSlice('pods', ['10.244.0.1']))
  await untilAll(server, 'pods.default.example.org.', 'NOERROR pods.default.example.org. 60 IN A 10.244.0.1')
  api.delete(ingress('web', [], []))
  await untilAll(server, 'web.example.org.', 'NXDOMAIN')
  assert.deepEqual(
    server.stdout.filter(line => /ERROR|WARNING/.test(line)),
    [],
  )
})
