import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { hostsOf, Manifests } from './mesh-of.ts'

const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: backend }
spec:
  clusterIP: 10.96.0.1
  selector: { app: backend }
  ports:
  - { name: http, port: 80, targetPort: web }
  - { name: metrics, port: 9090 }
---
`

const slice = (name: string, endpoints: string, more = '') => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, labels: { kubernetes.io/service-name: backend } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
${more}
endpoints:
${endpoints}
---
`

const pod = (name: string, ip: string, { ready = 'True', labels = 'app: backend', spec = '', meta = '' } = {}) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { ${labels} } ${meta} }
spec:
  containers: [{ name: main, ports: [{ name: web, containerPort: 8080 }] }]
  ${spec}
status: { podIP: ${ip}, podIPs: [{ ip: ${ip} }], conditions: [{ type: Ready, status: "${ready}" }] }
---
`

const SERVICE_LINE = 'backend.default.svc vips 10.96.0.1 ports http:80/tcp,metrics:9090/tcp'
const FROM_PODS = 'http:8080/tcp,metrics:9090/tcp'

suite('a Service takes its endpoints', () => {
  const cases: readonly [title: string, manifest: string, endpoints: string][] = [
    ['from nowhere, where there is nothing', SERVICE, ''],
    ['from its slices', SERVICE + slice('a', '- addresses: [10.1.0.1]') + slice('b', '- addresses: [10.1.0.2]'), ' at 10.1.0.1 http:8080/tcp at 10.1.0.2 http:8080/tcp'],
    ['that are ready, or of which nothing is said', SERVICE + slice('a', '- { addresses: [10.1.0.1], conditions: { ready: false, serving: true } }\n- { addresses: [10.1.0.2], conditions: {} }\n- { addresses: [10.1.0.3], conditions: { ready: true } }'), ' at 10.1.0.2 http:8080/tcp at 10.1.0.3 http:8080/tcp'],
    ['with their hostnames', SERVICE + slice('a', '- { addresses: [10.1.0.1], hostname: a-0 }'), ' at 10.1.0.1 (a-0) http:8080/tcp'],
    ['not from the slices of another', SERVICE + slice('a', '- addresses: [10.1.0.1]').replace('name: backend', 'name: other'), ''],
    ['not from slices of another namespace', SERVICE + slice('a', '- addresses: [10.1.0.1]').replace('name: a,', 'name: a, namespace: other,'), ''],
    ['not from slices of names', SERVICE + slice('a', '- addresses: [a.example.org]').replace('IPv4', 'FQDN'), ''],
    ['from ready pods where it has no slice', SERVICE + pod('a', '10.1.0.1') + pod('b', '10.1.0.2', { ready: 'False' }), ` at 10.1.0.1 ${FROM_PODS}`],
    ['not from pods where it has a slice', SERVICE + slice('a', '  []') + pod('a', '10.1.0.1'), ''],
    ['not from pods with other labels', SERVICE + pod('a', '10.1.0.1', { labels: 'app: other' }), ''],
    ['not from pods with some of its labels', SERVICE.replace('app: backend', 'app: backend, tier: web') + pod('a', '10.1.0.1') + pod('b', '10.1.0.2', { labels: 'tier: web, app: backend' }), ` at 10.1.0.2 ${FROM_PODS}`],
    ['not from pods where it has no selector', SERVICE.replace('selector: { app: backend }', 'selector: {}') + pod('a', '10.1.0.1'), ''],
    ['not from pods that are being deleted', SERVICE + pod('a', '10.1.0.1', { meta: ', deletionTimestamp: "2026-01-01T00:00:00Z"' }), ''],
    ['not from pods that have ended', SERVICE + pod('a', '10.1.0.1').replace('status: {', 'status: { phase: Failed,') + pod('b', '10.1.0.2').replace('status: {', 'status: { phase: Succeeded,') + pod('c', '10.1.0.3').replace('status: {', 'status: { phase: Running,'), ` at 10.1.0.3 ${FROM_PODS}`],
    ['not from pods that have no address yet', SERVICE + pod('a', '10.1.0.1').replace(/status: .*/, ''), ''],
    ['with the hostname of a pod of its subdomain', SERVICE + pod('a', '10.1.0.1', { spec: 'hostname: a-0\n  subdomain: backend' }), ` at 10.1.0.1 (a-0) ${FROM_PODS}`],
    ['without the hostname of a pod of another subdomain', SERVICE + pod('a', '10.1.0.1', { spec: 'hostname: a-0\n  subdomain: other' }), ` at 10.1.0.1 ${FROM_PODS}`],
    ['from pods in its own families', SERVICE + pod('a', '10.1.0.1').replace('[{ ip: 10.1.0.1 }]', '[{ ip: 10.1.0.1 }, { ip: "fd00::1" }]'), ` at 10.1.0.1 ${FROM_PODS}`],
    ['from WorkloadEntries beside its slices, the healthy ones', `${SERVICE}${slice('a', '- addresses: [10.1.0.1]')}
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: vm-1 }
spec: { address: 10.9.0.1, labels: { app: backend }, ports: { http: 8888 } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: vm-2, annotations: { proxy.istio.io/health-checks-enabled: "true" } }
spec: { address: 10.9.0.2, labels: { app: backend } }
status: { conditions: [{ type: Healthy, status: "False" }] }
`, ' at 10.1.0.1 http:8080/tcp at 10.9.0.1 http:8888/tcp,metrics:9090/tcp'],
    ['without the ports whose number a WorkloadEntry does not tell', `${SERVICE}
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: vm-1 }
spec: { address: 10.9.0.1, labels: { app: backend } }
`, ' at 10.9.0.1 metrics:9090/tcp'],
  ] // biome-ignore format: a table

  for (const [title, manifest, endpoints] of cases) {
    test(title, () => assert.deepEqual(hostsOf(manifest), [SERVICE_LINE + endpoints]))
  }

  test('that have ended, not even where it publishes those that are not ready', () => {
    const manifest =
      SERVICE.replace('spec:', 'spec:\n  publishNotReadyAddresses: true') +
      pod('a', '10.1.0.1').replace('status: {', 'status: { phase: Failed,')
    assert.deepEqual(hostsOf(manifest), [SERVICE_LINE])
  })

  test('that are not ready, where it publishes them', () => {
    const manifest =
      SERVICE.replace('spec:', 'spec:\n  publishNotReadyAddresses: true') + pod('a', '10.1.0.1', { ready: 'False' })
    assert.deepEqual(hostsOf(manifest), [`${SERVICE_LINE} at 10.1.0.1 ${FROM_PODS}`])
  })

  test('in both families, where it is dual-stack, and in that of their first address, where it does not say', () => {
    for (const [families, more] of [
      ['\n  ipFamilies: [IPv4, IPv6]', ` at fd00::1 ${FROM_PODS}`],
      ['', ''],
    ] as const) {
      const manifest =
        SERVICE.replace('clusterIP: 10.96.0.1', `clusterIP: None${families}`) +
        pod('a', '10.1.0.1').replace('[{ ip: 10.1.0.1 }]', '[{ ip: 10.1.0.1 }, { ip: "fd00::1" }]')
      assert.deepEqual(hostsOf(manifest), [
        `backend.default.svc ports http:80/tcp,metrics:9090/tcp at 10.1.0.1 ${FROM_PODS}${more}`,
      ])
    }
  })
})

suite('a Service', () => {
  const service = (spec: string, meta = '') =>
    `apiVersion: v1\nkind: Service\nmetadata: { name: a, namespace: x${meta} }\nspec: { ${spec} }\n`
  const cases: readonly [title: string, manifest: string, expected: string][] = [
    ['that is headless', service('clusterIP: None, clusterIPs: [None]'), 'a.x.svc'],
    ['with no address yet', service('clusterIP: ""'), 'a.x.svc'],
    ['of two families', service('clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, "fd00::1"]'), 'a.x.svc vips 10.0.0.1 fd00::1'],
    ['that is another name', service('type: ExternalName, externalName: Www.Example.ORG'), 'a.x.svc alias www.example.org.'],
    ['with ports of other protocols', service('ports: [{ port: 53, protocol: UDP, name: dns }, { port: 9, protocol: SCTP }]'), 'a.x.svc ports dns:53/udp,-:9/sctp'],
    ['for some namespaces only', service('', ', annotations: { networking.istio.io/exportTo: "., other" }'), 'a.x.svc to .,other'],
  ] // biome-ignore format: a table
  for (const [title, manifest, expected] of cases) test(title, () => assert.deepEqual(hostsOf(manifest), [expected]))

  test('and a Namespace without any', () => {
    assert.deepEqual(hostsOf('apiVersion: v1\nkind: Namespace\nmetadata: { name: lonely }\n'), ['lonely.svc namespace'])
  })
})

suite('change', () => {
  test('what does not change is not told again', () => {
    const manifests = new Manifests()
    manifests.read('a.yaml', SERVICE + slice('a', '- addresses: [10.1.0.1]'))
    assert.equal(manifests.take(), 1)
    manifests.read('a.yaml', SERVICE + slice('a', '- { addresses: [10.1.0.1], nodeName: other }'))
    assert.equal(manifests.take(), 0)
    manifests.read('a.yaml', SERVICE + slice('a', '- addresses: [10.1.0.2]'))
    assert.equal(manifests.take(), 1)
  })
  test('endpoints follow slices, pods and labels, whatever came first', () => {
    const manifests = new Manifests()
    manifests.read('slice.yaml', slice('a', '- addresses: [10.1.0.1]'))
    assert.deepEqual(manifests.hosts, [])
    manifests.read('pod.yaml', pod('a', '10.1.0.9'))
    manifests.read('service.yaml', SERVICE)
    assert.deepEqual(manifests.hosts, [`${SERVICE_LINE} at 10.1.0.1 http:8080/tcp`])
    manifests.definitions.remove('slice.yaml')
    assert.deepEqual(manifests.hosts, [`${SERVICE_LINE} at 10.1.0.9 ${FROM_PODS}`])
    manifests.read('pod.yaml', pod('a', '10.1.0.9', { labels: 'app: other' }))
    assert.deepEqual(manifests.hosts, [SERVICE_LINE])
    manifests.definitions.remove('service.yaml')
    assert.deepEqual(manifests.hosts, [])
  })
  test('a slice that moves to another Service changes both', () => {
    const manifests = new Manifests()
    const other = SERVICE.replace('name: backend', 'name: other').replaceAll('app: backend', 'app: none')
    manifests.read('services.yaml', SERVICE + other)
    manifests.read('slice.yaml', slice('a', '- addresses: [10.1.0.1]'))
    manifests.take()
    manifests.read('slice.yaml', slice('a', '- addresses: [10.1.0.1]').replace('name: backend', 'name: other'))
    assert.equal(manifests.take(), 2)
  })
  test('changes can be taken a few at a time', () => {
    const manifests = new Manifests()
    manifests.read('a.yaml', ['a', 'b', 'c'].map(name => SERVICE.replace('name: backend', `name: ${name}`)).join(''))
    assert.equal(manifests.join.take(2).length, 2)
    assert.ok(manifests.join.changed)
    assert.equal(manifests.join.take(2).length, 1)
    assert.ok(!manifests.join.changed)
  })
})
