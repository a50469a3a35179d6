/** What is kept of objects, which must be the same from JSON and from Protocol Buffers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Details } from '#src/feeds/kubernetes/columns.ts'
import { json } from '#src/feeds/kubernetes/json-encoding.ts'
import { kindsOf } from '#src/feeds/kubernetes/kinds.ts'
import type { KindName } from '#src/feeds/kubernetes/objects.ts'
import { protobuf } from '#src/feeds/kubernetes/protobuf-encoding.ts'
import { endpointSlice, type KubeObject, namespace, pod, service, serviceImport } from '#test/support/kubernetes/objects.ts'
import { hasProtobuf, writeList } from '#test/support/kubernetes/protobuf-writer.ts'

const octets = (...numbers: number[]): string => String.fromCharCode(...numbers)

/** What is kept of an object, and what is said about it. */
function readAs(encoding: 'json' | 'protobuf', sent: KubeObject, details: Partial<Details>, name: KindName) {
  const kind = kindsOf({ labels: '', namespaceLabels: '' }, { pods: false, zones: false, workloads: false, ...details }).get(
    name,
  )!
  const metadata = { resourceVersion: '1' }
  const object = { ...sent, metadata: { ...sent.metadata!, resourceVersion: '7' } }
  const list =
    encoding === 'json'
      ? json.list(Buffer.from(JSON.stringify({ metadata, items: [object] })))
      : protobuf.list(writeList(object.kind, object.apiVersion, metadata, [object]))
  const problems: string[] = []
  const [item] = list.items
  try {
    const read = item!.read(kind, problem => problems.push(problem.message))
    if (!read) return { kept: undefined, problems }
    const { version, ...kept } = read
    assert.equal(version, '7')
    return { kept, problems }
  } catch (error) {
    return { kept: (error as Error).message, problems }
  }
}

/** The same from both encodings. */
function read(object: KubeObject, details: Partial<Details> = {}, name = object.kind as KindName) {
  const fromJson = readAs('json', object, details, name)
  if (hasProtobuf(object.kind)) assert.deepEqual(readAs('protobuf', object, details, name), fromJson)
  return fromJson
}

test('a Service', () => {
  const { kept, problems } = read(
    service('backend', {
      clusterIPs: ['10.96.0.10', 'fd00::10'],
      ipFamilies: ['IPv4', 'IPv6'],
      selector: { app: 'backend', __proto__x: 'y' },
      ports: [
        { name: 'HTTP', protocol: 'TCP', port: 80, targetPort: 'web' },
        { name: 'dns', protocol: 'UDP', port: 53, targetPort: 5353 },
      ],
      publishNotReadyAddresses: true,
      externalIPs: ['192.0.2.1'],
    }),
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(kept, {
    kind: 'Service',
    namespace: 'default',
    name: 'backend',
    vips: [octets(10, 96, 0, 10), octets(0xfd, ...Array(14).fill(0), 0x10)],
    ports: [
      { name: 'http', protocol: 'tcp', number: 80, target: 'web' },
      { name: 'dns', protocol: 'udp', number: 53, target: 5353 },
    ],
    selector: ['app', 'backend', '__proto__x', 'y'],
    families: [4, 16],
    publishNotReady: true,
    alias: undefined,
    exportTo: undefined,
    headless: false,
    external: [{ address: octets(192, 0, 2, 1) }],
    outside: { hosts: [], places: [{ address: octets(192, 0, 2, 1) }], endpoints: false },
  })
})

const services: Readonly<Record<string, KubeObject>> = {
  headless: service('a', { clusterIP: 'None', clusterIPs: ['None'] }),
  'of IPv6': service('a', { clusterIP: 'fd00::1', clusterIPs: ['fd00::1'], ipFamilies: ['IPv6'] }),
  'without address yet': service('a', { clusterIP: '', clusterIPs: [] }),
  'of an old server, without clusterIPs': service('a', { clusterIPs: undefined }),
  'with an alias': service('a', {
    type: 'ExternalName',
    externalName: 'api.example.org',
    clusterIP: '',
    clusterIPs: [],
    ports: [],
  }),
  'with a load balancer': {
    ...service('a'),
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }, { hostname: 'lb.example.org' }] } },
  },
  'with a load balancer that has names': {
    ...service(
      'a',
      { type: 'LoadBalancer', externalIPs: ['192.0.2.8'] },
      { annotations: { 'external-dns.alpha.kubernetes.io/hostname': 'a.example.org, *.A.example.org' } },
    ),
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } },
  },
  'at its endpoints': service('a', {}, { annotations: { 'k8s-gateway.dns/resolve-endpoints': 'true' } }),
  'that is to be ignored': service(
    'a',
    { type: 'LoadBalancer', externalIPs: ['192.0.2.8'] },
    { labels: { 'k8s-gateway.dns/ignore': 'true' }, annotations: { 'k8s-gateway.dns/resolve-endpoints': 'true' } },
  ),
  exported: service('a', {}, { annotations: { 'networking.istio.io/exportTo': 'one, two' } }),
  'without ports': service('a', { ports: [] }),
  'with a port out of range': service('a', { ports: [{ name: 'x', protocol: 'TCP', port: 70_000, targetPort: 1 }] }),
  'with a protocol of its own': service('a', { ports: [{ name: 'x', protocol: 'QUIC', port: 80, targetPort: 80 }] }),
  'with an address that is none': service('a', { clusterIP: '10.96.0.300', clusterIPs: ['10.96.0.300'] }),
  'with a name that is no label': service('a.b'),
  'with a namespace that is no label': service('a', {}, { namespace: 'Über' }),
}
for (const [what, object] of Object.entries(services))
  test(`a Service ${what} is read alike from both encodings`, () => void read(object))

test('what is kept of some Services', () => {
  const kept = (what: string) => read(services[what]!).kept as unknown as Record<string, unknown>
  assert.equal(kept('headless').headless, true)
  assert.deepEqual(kept('headless').vips, [])
  assert.equal(kept('without address yet').headless, false)
  assert.deepEqual(kept('of an old server, without clusterIPs').vips, [octets(10, 96, 0, 10)])
  assert.equal(kept('with an alias').alias, '\x03api\x07example\x03org\0')
  assert.deepEqual(kept('with a load balancer').external, [
    { address: octets(192, 0, 2, 9) },
    { target: '\x02lb\x07example\x03org\0' },
  ])
  const places = [{ address: octets(192, 0, 2, 8) }]
  assert.equal(kept('headless').outside, undefined)
  assert.deepEqual(kept('with a load balancer that has names').outside, {
    hosts: ['\x01a\x07example\x03org\0', '\x01*\x01a\x07example\x03org\0'],
    places,
    endpoints: false,
  })
  assert.deepEqual(kept('at its endpoints').outside, { hosts: ['\x01a\x07default\0'], places: [], endpoints: true })
  assert.deepEqual(kept('that is to be ignored').outside, { hosts: [], places, endpoints: false })
  assert.deepEqual(kept('exported').exportTo, ['one', 'two'])
  assert.match(`${kept('with a name that is no label')}`, /^metadata.name must be /)
  assert.match(`${kept('with an address that is none')}`, /must be an IP address, not "10\.96\.0\.300"/)
})

test('an Ingress', () => {
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', namespace: 'shop', annotations: { 'kubernetes.io/ingress.class': 'istio' } },
    spec: { rules: [{ host: 'Web.example.org' }, { host: '*.example.org' }, {}, { host: 'a.*.org' }, { host: 'a..b' }] },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }, { hostname: 'lb.example.org' }, { ip: '192.0.2' }] } },
  }
  const kept = {
    kind: 'Ingress',
    namespace: 'shop',
    name: 'web',
    class: 'istio',
    hosts: ['\x03web\x07example\x03org\0', '\x01*\x07example\x03org\0'],
    places: [{ address: octets(192, 0, 2, 9) }, { target: '\x02lb\x07example\x03org\0' }],
  }
  const problems = [
    'spec.rules[3].host must be a domain name, with * at most for its whole first label, not "a.*.org"',
    'spec.rules[4].host must be a domain name, not "a..b"',
    'status.loadBalancer.ingress[2].ip must be an IP address, not "192.0.2"',
  ]
  assert.deepEqual(read(object), { kept, problems })
  const named = { ...object, spec: { ...object.spec, ingressClassName: 'nginx' } }
  assert.deepEqual(read(named).kept, { ...kept, class: 'nginx' })
  const ignored = { ...object, metadata: { ...object.metadata, labels: { 'k8s-gateway.dns/ignore': 'true' } } }
  assert.deepEqual(read(ignored), { kept: undefined, problems: [] })
})

test('a Node', () => {
  const addresses = [
    { type: 'Hostname', address: 'worker-1.example.org' },
    { type: 'InternalIP', address: '10.0.0.1' },
    { type: 'InternalIP', address: 'fd00::1' },
    { type: 'ExternalIP', address: 'none' },
    { type: 'InternalDNS', address: 'worker-1' },
  ]
  assert.deepEqual(read({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'worker-1.example.org' }, status: { addresses } }), {
    kept: {
      kind: 'Node',
      namespace: '',
      name: 'worker-1.example.org',
      hosts: ['\x08worker-1\x07example\x03org\0'],
      addresses: { InternalIP: [octets(10, 0, 0, 1), octets(0xfd, ...Array(14).fill(0), 1)], ExternalIP: [] },
    },
    problems: ['status.addresses[3].address must be an IP address, not "none"'],
  })
})

test('an EndpointSlice: the addresses of what is ready, in one text', () => {
  const endpoints = [
    { addresses: ['10.0.0.1'], conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'web-1' }, zone: 'East-1' },
    { addresses: ['10.0.0.2'], conditions: { ready: false }, hostname: 'two' },
    { addresses: ['10.0.0.3', '10.0.0.4'], conditions: {}, hostname: 'three', targetRef: { kind: 'Pod', name: 'not.a.label' } },
    { addresses: ['255.255.255.255'] },
  ]
  const slice = {
    kind: 'EndpointSlice',
    namespace: 'default',
    name: 'web-1',
    service: 'web',
    group: {
      ports: [{ name: 'http', protocol: 'tcp', number: 8080 }],
      size: 4,
      addresses: octets(10, 0, 0, 1, 10, 0, 0, 3, 10, 0, 0, 4, 255, 255, 255, 255),
      hostnames: ['', 'three', 'three', ''],
    },
  }
  const object = endpointSlice('web', [], { endpoints })
  assert.deepEqual(read(object), { kept: slice, problems: [] })
  const { kept } = read(object, { pods: true, zones: true })
  assert.deepEqual(kept, { ...slice, pods: ['web-1', '', '', ''], zones: ['east-1', '', '', ''] })
})

test('an EndpointSlice: what is wrong in it is left out and named', () => {
  const endpoints = [
    { addresses: ['10.0.0.1', '10.0.0.256', '10.0.0', '010.0.0.1', 'fd00::1', ''], conditions: { ready: true } },
    { addresses: ['10.0.0.2'], hostname: 'no_label' },
    { addresses: ['10.0.0.3'] },
  ]
  const ports = [{ name: 'a', protocol: 'TCP', port: 0 }, { name: 'all' }, { name: 'b', protocol: 'SCTP', port: 9 }]
  const { kept, problems } = read(endpointSlice('web', [], { endpoints, ports }))
  assert.deepEqual((kept as { group: object }).group, {
    ports: [{ name: 'b', protocol: 'sctp', number: 9 }],
    size: 4,
    addresses: octets(10, 0, 0, 1, 10, 0, 0, 3),
  })
  assert.deepEqual(
    problems.map(problem => problem.split(' ')[0]),
    ['ports[0].port', ...[1, 2, 3, 4, 5].map(i => `endpoints[0].addresses[${i}]`), 'endpoints[1].hostname'],
  )
})

const slices: Readonly<Record<string, KubeObject>> = {
  'of IPv6': endpointSlice('a', ['fd00::1', '::ffff:10.0.0.1', '10.0.0.1'], { addressType: 'IPv6' }),
  'of names': endpointSlice('a', ['web.example.org'], { addressType: 'FQDN' }),
  'of a type of its own': endpointSlice('a', [], { addressType: 'IPX' }),
  'without ports': endpointSlice('a', ['10.0.0.1'], { ports: undefined }),
  'without endpoints': endpointSlice('a', [], { endpoints: undefined }),
  'of no service': endpointSlice('a', ['10.0.0.1'], {}, { labels: {} }),
  'of ten thousand endpoints': endpointSlice(
    'a',
    Array.from({ length: 10_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`),
  ),
}
for (const [what, object] of Object.entries(slices))
  test(`an EndpointSlice ${what} is read alike from both encodings`, () => void read(object))

test('what is kept of some EndpointSlices', () => {
  assert.equal(read(slices['of names']!).kept, undefined)
  assert.match(`${read(slices['of a type of its own']!).kept}`, /addressType must be one of/)
  const { kept, problems } = read(slices['of IPv6']!)
  assert.equal((kept as { group: { addresses: string } }).group.addresses.length, 32)
  assert.equal(problems.length, 1)
  const many = read(slices['of ten thousand endpoints']!).kept as { group: { addresses: string } }
  assert.equal(many.group.addresses.length, 40_000)
})

test('an EndpointSlice of another cluster', () => {
  const labels = { 'multicluster.kubernetes.io/service-name': 'shared', 'multicluster.kubernetes.io/source-cluster': 'east' }
  const { kept } = read(endpointSlice('x', ['10.4.0.1'], {}, { labels }), {}, 'ImportedSlice')
  const { kind, service: name, cluster } = kept as unknown as Record<string, unknown>
  assert.deepEqual({ kind, name, cluster }, { kind: 'ImportedSlice', name: 'shared', cluster: 'east' })
})

test('Namespaces and Pods', () => {
  assert.deepEqual(read(namespace('shop')).kept, { kind: 'Namespace', namespace: 'shop', name: 'shop' })
  const status = {
    podIP: '10.0.0.1',
    podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
    conditions: [{ type: 'Ready', status: 'True' }],
  }
  const spec = {
    hostname: 'web-0',
    subdomain: 'web',
    containers: [
      { name: 'a', ports: [{ name: 'http', containerPort: 80 }, { name: '', containerPort: 81 }, { containerPort: 82 }] },
    ],
  }
  const web = pod('web-0', status, spec, { labels: { app: 'web' } })
  const kept = {
    kind: 'Pod',
    namespace: 'default',
    name: 'web-0',
    labels: new Map([['app', 'web']]),
    addresses: [octets(10, 0, 0, 1), octets(0xfd, ...Array(14).fill(0), 1)],
    ready: true,
    terminating: false,
    hostNetwork: false,
    hostname: 'web-0',
    subdomain: 'web',
    ports: new Map([['http', 80]]),
  }
  assert.deepEqual(read(web, { workloads: true }).kept, kept)
  const place = { ...kept, labels: new Map(), ready: false, hostname: '', subdomain: '', ports: new Map() }
  assert.deepEqual(read(web).kept, place)
  const onHost = { ...web, spec: { ...spec, hostNetwork: true } }
  assert.deepEqual(read(onHost).kept, { ...place, hostNetwork: true })
  const leaving = { ...web, metadata: { ...web.metadata!, deletionTimestamp: '2026-01-01T00:00:00Z' } }
  assert.deepEqual(read(leaving, { workloads: true }).kept, { ...kept, ready: false, terminating: true })
  // An API server writes what is not known yet as an empty text.
  for (const details of [{}, { workloads: true }])
    for (const status of [{ phase: 'Pending' }, { phase: 'Pending', podIP: '' }]) {
      const { kept: pending, problems } = read(pod('web-0', status), details)
      assert.deepEqual([pending, problems], [{ ...place, addresses: [] }, []])
    }
})

test('a ServiceImport', () => {
  const spec = { type: 'Headless', ips: ['10.128.0.1'], ports: [{ name: 'http', protocol: 'TCP', port: 80 }, { port: 0 }] }
  assert.deepEqual(read(serviceImport('shared', spec)), {
    kept: {
      kind: 'ServiceImport',
      namespace: 'default',
      name: 'shared',
      headless: true,
      vips: [octets(10, 128, 0, 1)],
      ports: [{ name: 'http', protocol: 'tcp', number: 80 }],
    },
    problems: ['spec.ports[1].port must be a port number from 1 to 65535, not 0'],
  })
})

test('octets that are no list, and lists with what is no object in them', () => {
  for (const octets of ['', 'k8s\0', '<html>', 'k8s\0\x12\xff\xff\xff\xff\x7f'])
    assert.throws(() => [...protobuf.list(Buffer.from(octets, 'latin1')).items].length > 0 || assert.fail(octets))
  for (const text of ['', '[', '{"items":5}']) assert.throws(() => json.list(Buffer.from(text)))
  const { items } = json.list(Buffer.from('{"items":[5,null,[],{"metadata":7},{"metadata":{"name":5}}]}'))
  assert.deepEqual(
    Array.from(items, ({ name }) => name),
    ['', '', '', '', ''],
  )
})
