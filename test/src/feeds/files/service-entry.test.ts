import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostsOf } from './mesh-of.ts'

const entry = (spec: string, { status = '', version = 'v1' } = {}) => `
apiVersion: networking.istio.io/${version}
kind: ServiceEntry
metadata: { name: api }
spec:
  hosts: [api.example.com]
  ports: [{ number: 443, name: https, protocol: TLS }]
  ${spec}
${status}
---
`

const workload = (name: string, spec: string, meta = '') => `
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: ${name} ${meta} }
spec: { ${spec} }
---
`

const ALLOCATED =
  'status: { addresses: [{ value: 240.240.0.1, host: api.example.com }, { value: 240.240.0.2, host: old.example.com }] }'
const HOST = 'api.example.com. ports https:443/tcp'
const SELECTED = 'resolution: STATIC, workloadSelector: { labels: { app: api } }'.replaceAll(', ', '\n  ')

const cases: readonly [title: string, manifest: string, expected: string | readonly string[]][] = [
  ['STATIC has its endpoints', entry('resolution: STATIC\n  endpoints: [{ address: 192.0.2.1 }, { address: "2001:db8::1" }]'), `${HOST} at 192.0.2.1 https:443/tcp at 2001:db8::1 https:443/tcp`],
  ['an endpoint has ports of its own', entry('resolution: STATIC\n  endpoints: [{ address: 192.0.2.1, ports: { https: 8443 } }]'), `${HOST} at 192.0.2.1 https:8443/tcp`],
  ['a port has a target', entry('resolution: STATIC\n  endpoints: [{ address: 192.0.2.1 }]').replace('protocol: TLS', 'protocol: TLS, targetPort: 8443'), `${HOST} at 192.0.2.1 https:8443/tcp`],
  ['STATIC without endpoints has none', entry('resolution: STATIC'), HOST],
  ['Unix sockets and endpoints behind a gateway are left out', entry('resolution: STATIC\n  endpoints: [{ address: "unix:///var/run/api" }, { network: other }]'), HOST],
  ['DNS with names has them to be resolved', entry('resolution: DNS\n  endpoints: [{ address: a.example.net }, { address: 192.0.2.1 }]'), `${HOST} at 192.0.2.1 https:443/tcp at a.example.net. https:443/tcp`],
  ['DNS_ROUND_ROBIN is as DNS', entry('resolution: DNS_ROUND_ROBIN\n  endpoints: [{ address: a.example.net }]'), `${HOST} at a.example.net. https:443/tcp`],
  ['DNS with addresses alone has nothing resolved', entry('resolution: DNS\n  endpoints: [{ address: 192.0.2.1 }]'), `${HOST} at 192.0.2.1 https:443/tcp`],
  ['DNS without endpoints is elsewhere', entry('resolution: DNS'), `${HOST} elsewhere`],
  ['NONE is elsewhere', entry('resolution: NONE'), `${HOST} elsewhere`],
  ['NONE is elsewhere, whatever endpoints it lists', entry('resolution: NONE\n  endpoints: [{ address: 192.0.2.1 }]'), `${HOST} elsewhere`],
  ['NONE is what is meant where nothing is said', entry(''), `${HOST} elsewhere`],
  ['DYNAMIC_DNS is elsewhere', entry('resolution: DYNAMIC_DNS').replace('api.example.com', '"*.example.com"'), '*.example.com. ports https:443/tcp elsewhere'],
  ['its addresses are virtual, ranges are none', entry('addresses: [198.51.100.1, 198.51.100.2/32, 198.51.100.0/24, "2001:db8::/64"]'), 'api.example.com. vips 198.51.100.1 198.51.100.2 ports https:443/tcp elsewhere'],
  ['allocated addresses of its host', entry('resolution: DNS', { status: ALLOCATED }), 'api.example.com. vips 240.240.0.1 ports https:443/tcp elsewhere'],
  ['not with resolution NONE', entry('', { status: ALLOCATED }), `${HOST} elsewhere`],
  ['nor where it does not want any', entry('resolution: DNS', { status: ALLOCATED }).replace('name: api', 'name: api, labels: { networking.istio.io/enable-autoallocate-ip: "False" }'), `${HOST} elsewhere`],
  ['nor where it has a range of its own', entry('resolution: DNS\n  addresses: [198.51.100.0/24]', { status: ALLOCATED }), `${HOST} elsewhere`],
  ['its own addresses come before allocated ones', entry('addresses: [198.51.100.1]\n  resolution: DNS', { status: 'status: { addresses: [{ value: 240.240.0.1 }] }' }), 'api.example.com. vips 198.51.100.1 ports https:443/tcp elsewhere'],
  ['several hosts', entry('resolution: NONE').replace('[api.example.com]', '[b.example.com, a.example.com]'), ['a.example.com. ports https:443/tcp elsewhere', 'b.example.com. ports https:443/tcp elsewhere']],
  ['who may see it', entry('exportTo: [".", other]'), `${HOST} elsewhere to .,other`],
  ['v1beta1', entry('', { version: 'v1beta1' }), `${HOST} elsewhere`],
  ['v1alpha3', entry('', { version: 'v1alpha3' }), `${HOST} elsewhere`],
  ['an unknown version is another kind', entry('', { version: 'v9' }), []],
  ['a selector takes WorkloadEntries of its namespace', entry(SELECTED) + workload('a', 'address: 10.9.0.1, labels: { app: api }') + workload('b', 'address: 10.9.0.2, labels: { app: other }') + workload('c', 'address: 10.9.0.3, labels: { app: api }', ', namespace: other'), `${HOST} at 10.9.0.1 https:443/tcp`],
  ['also those that are names, with STATIC', entry(SELECTED) + workload('a', 'address: vm.example.org, labels: { app: api }'), `${HOST} at vm.example.org. https:443/tcp`],
  ['of WorkloadEntries that are probed, those that are known to be healthy', entry(SELECTED) + [[1, ''], [2, 'status: { conditions: [{ type: Healthy, status: "False" }] }'], [3, 'status: { conditions: [{ type: Healthy, status: "True" }] }']].map(([i, status]) => workload(`vm-${i}`, `address: 10.9.0.${i}, labels: { app: api }`, ', annotations: { proxy.istio.io/health-checks-enabled: "true" }').replace('---', `${status}\n---`)).join(''), `${HOST} at 10.9.0.3 https:443/tcp`],
  ['of WorkloadEntries that are not probed any more, all', entry(SELECTED) + ['False', 'True'].map((annotation, i) => workload(`vm-${i}`, `address: 10.9.0.${i}, labels: { app: api }`, `, annotations: { proxy.istio.io/health-checks-enabled: "${annotation}" }`).replace('---', 'status: { conditions: [{ type: Healthy, status: "False" }] }\n---')).join(''), `${HOST} at 10.9.0.0 https:443/tcp`],
  ['labels of the metadata count, above those of the spec', entry(SELECTED) + workload('a', 'address: 10.9.0.1, labels: { app: other }', ', labels: { app: api }'), `${HOST} at 10.9.0.1 https:443/tcp`],
  ['a selector takes ready Pods, of both families', `${entry(SELECTED)}
apiVersion: v1
kind: Pod
metadata: { name: a, labels: { app: api } }
spec: { containers: [] }
status: { podIPs: [{ ip: 10.1.0.1 }, { ip: "fd00::1" }], conditions: [{ type: Ready, status: "True" }] }
---
apiVersion: v1
kind: Pod
metadata: { name: b, labels: { app: api } }
spec: { containers: [] }
status: { podIP: 10.1.0.2, conditions: [{ type: Ready, status: "False" }] }
`, `${HOST} at 10.1.0.1 https:443/tcp at fd00::1 https:443/tcp`],
  ['a selector that matches nothing yet leaves no endpoint', entry(SELECTED.replace('STATIC', 'NONE')), HOST],
] // biome-ignore format: a table

for (const [title, manifest, expected] of cases) {
  test(`ServiceEntry: ${title}`, () => assert.deepEqual(hostsOf(manifest), [expected].flat()))
}
