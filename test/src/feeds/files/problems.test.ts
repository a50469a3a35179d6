import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { complaintsOf, Manifests } from './mesh-of.ts'

const service = (line: string) => `apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ${line}\n`
const slice = (line: string) =>
  `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: a\naddressType: IPv4\nendpoints:\n- ${line}\n`
const entry = (line: string) =>
  `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata:\n  name: a\nspec:\n  hosts: [a.example.com]\n  ${line}\n`

const LABEL = 'must be at most 63 lower case letters, digits and inner hyphens'

const cases: readonly [manifest: string, complaint: string | undefined][] = [
  ['a: b: c', 'mesh.yaml:1: Nested mappings are not allowed in compact mappings'],
  ['kind: Service\nkind: Pod', 'mesh.yaml:2: Map keys must be unique'],
  ['\n\njust text', 'mesh.yaml:3: the document must be an object, not "just text"'],
  ['- a\n- b', 'mesh.yaml:1: the document must be an object, not ["a","b"]'],
  ['kind: Service\nmetadata:\n  name: a', 'mesh.yaml:1: Service default/a: apiVersion is missing, it must be text'],
  ['apiVersion: v1\nmetadata:\n  name: a', 'mesh.yaml:1: kind is missing, it must be text'],
  ['apiVersion: v1\nkind: Service\nspec: {}', 'mesh.yaml:1: metadata.name is missing, it must be text'],
  ['apiVersion: v1\nkind: Service\nmetadata:\n  name: A_b', `mesh.yaml:4: Service default/A_b: metadata.name ${LABEL}, not "A_b"`],
  ['apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  namespace: a.b', `mesh.yaml:5: Service a.b/a: metadata.namespace ${LABEL}, not "a.b"`],
  ['apiVersion: v1\nkind: Namespace\nmetadata:\n  name: 12', 'mesh.yaml:4: metadata.name must be text, not 12'],
  [service('clusterIP: 10.0.0.300'), 'mesh.yaml:6: Service default/a: spec.clusterIP must be an IP address, not "10.0.0.300"'],
  [service('clusterIPs: [10.0.0.1, ::g]'), 'mesh.yaml:6: Service default/a: spec.clusterIPs[1] must be an IP address, not "::g"'],
  [service('ports: [{ port: 0 }]'), 'mesh.yaml:6: Service default/a: spec.ports[0].port must be a port number from 1 to 65535, not 0'],
  [service('ports: [{ port: "80" }]'), 'mesh.yaml:6: Service default/a: spec.ports[0].port must be a port number from 1 to 65535, not "80"'],
  [service('ports: [{ port: 80, protocol: HTTP }]'), 'mesh.yaml:6: Service default/a: spec.ports[0].protocol must be one of TCP, UDP, SCTP, not "HTTP"'],
  [service('ports: { port: 80 }'), 'mesh.yaml:6: Service default/a: spec.ports must be a list, not {"port":80}'],
  [service('selector: [a]'), 'mesh.yaml:6: Service default/a: spec.selector must be an object, not ["a"]'],
  [service('selector: { version: 1 }'), 'mesh.yaml:6: Service default/a: spec.selector.version must be text, not 1'],
  [service('publishNotReadyAddresses: yes'), 'mesh.yaml:6: Service default/a: spec.publishNotReadyAddresses must be true or false, not "yes"'],
  [service('type: ExternalName'), 'mesh.yaml:6: Service default/a: spec.externalName is missing, it must be text'],
  [service('{ type: ExternalName, externalName: a..b }').replace('  {', ' {'), 'mesh.yaml:6: Service default/a: spec.externalName must be a domain name, not "a..b"'],
  [slice('addresses: [10.0.0.1, 10.0.0]'), 'mesh.yaml:7: EndpointSlice default/a: endpoints[0].addresses[1] must be an IPv4 address, not "10.0.0"'],
  [slice('addresses: ["fd00::1"]'), 'mesh.yaml:7: EndpointSlice default/a: endpoints[0].addresses[0] must be an IPv4 address, not "fd00::1"'],
  [slice('{ addresses: [10.0.0.1], conditions: { ready: "true" } }'), 'mesh.yaml:7: EndpointSlice default/a: endpoints[0].conditions.ready must be true or false, not "true"'],
  [slice('{ addresses: [10.0.0.1], hostname: db_0 }'), `mesh.yaml:7: EndpointSlice default/a: endpoints[0].hostname ${LABEL}, not "db_0"`],
  [slice('addresses: [10.0.0.1]').replace('IPv4', 'IP4'), 'mesh.yaml:5: EndpointSlice default/a: addressType must be one of IPv4, IPv6, FQDN, not "IP4"'],
  [slice('addresses: [10.0.0.1]').replace(/addressType.*\n/, ''), 'mesh.yaml:1: EndpointSlice default/a: addressType is missing, it must be text'],
  [entry('resolution: STATIK'), 'mesh.yaml:7: ServiceEntry default/a: spec.resolution must be one of NONE, STATIC, DNS, DNS_ROUND_ROBIN, DYNAMIC_DNS, not "STATIK"'],
  [entry('resolution: STATIC\n  endpoints: [{ address: a.example.net }]'), 'mesh.yaml:8: ServiceEntry default/a: spec.endpoints[0].address must be an IP address where resolution is STATIC, not "a.example.net"'],
  [entry('resolution: DNS\n  endpoints: [{ address: 10.0.0.1.2 }]'), 'mesh.yaml:8: ServiceEntry default/a: spec.endpoints[0].address must be an IP address, not "10.0.0.1.2"'],
  [entry('addresses: [10.0.0.1/33]'), 'mesh.yaml:7: ServiceEntry default/a: spec.addresses[0] must be an IP address or a CIDR range, not "10.0.0.1/33"'],
  [entry('{}').replace('[a.example.com]', '[]').replace('  {}\n', ''), 'mesh.yaml:6: ServiceEntry default/a: spec.hosts must be a list of at least one host, not []'],
  [entry('{}').replace('[a.example.com]', '["a.*.com"]').replace('  {}\n', ''), 'mesh.yaml:6: ServiceEntry default/a: spec.hosts[0] must be a domain name, with * at most for its whole first label, not "a.*.com"'],
  ['apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata:\n    name: B', `mesh.yaml:7: Service default/B: items[0].metadata.name ${LABEL}, not "B"`],
  [`{ "apiVersion": "v1",\n  "kind": "Namespace",\n  "metadata": {\n    "name": "" } }`, 'mesh.yaml:4: metadata.name must be text, not ""'],
  ['a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]', 'mesh.yaml:1: Excessive alias count indicates a resource exhaustion attack'],
  ['apiVersion: apps/v1\nkind: Deployment\nmetadata: 7', undefined],
  ['', undefined],
  ['# nothing\n---\n# more\n---\n', undefined],
] // biome-ignore format: a table

suite('what is wrong is named with file, line and what was expected', () => {
  for (const [manifest, complaint] of cases) {
    test(complaint ?? `nothing is wrong with ${JSON.stringify(manifest)}`, () => {
      const [first, ...more] = complaintsOf(manifest)
      assert.deepEqual(more, [])
      assert.equal(first, complaint)
    })
  }
})

const good = (name: string, address = '10.0.0.1') =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { clusterIP: ${address} }\n---\n`
const bad = (name: string) => `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { clusterIP: nonsense }\n---\n`

suite('a document that is refused', () => {
  test('leaves what it defined before, and the others take effect', () => {
    const manifests = new Manifests()
    manifests.read('a.yaml', good('a') + good('b') + good('c'))
    const complaints = manifests.complaints('a.yaml', bad('a') + good('b', '10.0.0.2'))
    assert.equal(complaints.documents, 1)
    assert.deepEqual(manifests.hosts, ['a.default.svc vips 10.0.0.1', 'b.default.svc vips 10.0.0.2'])
  })
  test('leaves everything that it may have defined, where it does not say what it is', () => {
    const manifests = new Manifests()
    manifests.read('a.yaml', good('a') + good('b'))
    manifests.read('a.yaml', `${good('b', '10.0.0.2')}metadata: { name: [`)
    assert.deepEqual(manifests.hosts, ['a.default.svc vips 10.0.0.1', 'b.default.svc vips 10.0.0.2'])
    manifests.read('a.yaml', good('b', '10.0.0.2'))
    assert.deepEqual(manifests.hosts, ['b.default.svc vips 10.0.0.2'])
  })
  test('has no effect where it defined nothing', () => {
    const manifests = new Manifests()
    manifests.read('a.yaml', bad('a') + good('b'))
    assert.deepEqual(manifests.hosts, ['b.default.svc vips 10.0.0.1'])
  })
  test('in part, has effect with the rest', () => {
    const manifests = new Manifests()
    const { problems, documents } = manifests.complaints(
      'a.yaml',
      `${good('a')}apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: a, labels: { kubernetes.io/service-name: a } }
addressType: IPv4\nendpoints: [{ addresses: [10.1.0.1] }, { addresses: [10.1.0.999] }, { addresses: 10.1.0.3 }, { addresses: [10.1.0.4] }]`,
    )
    assert.deepEqual([problems.length, documents], [2, 1])
    assert.deepEqual(manifests.hosts, ['a.default.svc vips 10.0.0.1 at 10.1.0.1 at 10.1.0.4'])
  })
  test('in one of its hosts, has the others', () => {
    const manifests = new Manifests()
    const hosts = (list: string) => entry('resolution: STATIC').replace('a.example.com', list)
    manifests.read('a.yaml', hosts('a.example.com, b.example.com'))
    const { problems, documents } = manifests.complaints('a.yaml', hosts('"*c.example.com", b.example.com'))
    assert.deepEqual([problems.length, documents], [1, 1])
    assert.deepEqual(manifests.hosts, ['b.example.com.'])
  })
})

suite('files', () => {
  test('an object that moves from one to another is never missing', () => {
    const manifests = new Manifests()
    manifests.read('a.yaml', good('a'))
    manifests.take()
    manifests.read('b.yaml', good('a'))
    manifests.read('a.yaml', good('other'))
    assert.equal(manifests.take(), 1)
    assert.deepEqual(manifests.hosts, ['a.default.svc vips 10.0.0.1', 'other.default.svc vips 10.0.0.1'])
  })
  test('one that is gone takes its objects with it, but for those that others define', () => {
    const manifests = new Manifests()
    manifests.read('a.yaml', good('a') + good('b'))
    manifests.read('b.yaml', good('b', '10.0.0.2'))
    manifests.definitions.remove('b.yaml')
    assert.deepEqual(manifests.hosts, ['a.default.svc vips 10.0.0.1', 'b.default.svc vips 10.0.0.1'])
    manifests.definitions.remove('a.yaml')
    assert.deepEqual(manifests.hosts, [])
  })
  test('of several that define an object the last one counts, in whatever order they are read and changed', () => {
    const [a, b, c] = ['10.0.0.1', '10.0.0.2', '10.0.0.3']
    const counts = (address: string) => assert.deepEqual(manifests.hosts, [`a.default.svc vips ${address}`])
    const manifests = new Manifests()
    manifests.read('b.yaml', good('a', b))
    manifests.read('a.yaml', good('a', a))
    counts(b)
    manifests.read('c.yaml', good('a', c))
    counts(c)
    manifests.definitions.remove('c.yaml')
    counts(b)
    manifests.read('b.yaml', '')
    counts(a)
  })

  test('lists, JSON and several documents say the same', () => {
    const items = ['a', 'b'].map(name => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { clusterIP: '10.0.0.1' },
    }))
    const bare = items.map(({ metadata, spec }) => ({ metadata, spec }))
    const expected = ['a.default.svc vips 10.0.0.1', 'b.default.svc vips 10.0.0.1']
    for (const text of [
      good('a') + good('b'),
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
      JSON.stringify({ apiVersion: 'v1', kind: 'ServiceList', metadata: {}, items: bare }, undefined, 2),
      items.map(item => JSON.stringify(item)).join('\n---\n'),
    ]) {
      const manifests = new Manifests()
      assert.deepEqual(manifests.read('a.json', text), [])
      assert.deepEqual(manifests.hosts, expected, text)
    }
  })
  test('anchors and merge keys are understood', () => {
    const manifests = new Manifests()
    assert.deepEqual(
      manifests.read(
        'a.yaml',
        `apiVersion: v1\nkind: List\nitems:\n- &a\n  apiVersion: v1\n  kind: Service\n  metadata: { name: a }\n  spec: { clusterIP: 10.0.0.1 }\n- <<: *a\n  metadata: { name: b }\n`,
      ),
      [],
    )
    assert.deepEqual(manifests.hosts, ['a.default.svc vips 10.0.0.1', 'b.default.svc vips 10.0.0.1'])
  })
  test('names that are properties of every object are names like others', () => {
    const manifests = new Manifests()
    assert.deepEqual(
      manifests.read(
        'a.yaml',
        `${good('constructor')}apiVersion: v1\nkind: Service\nmetadata: { name: a, labels: { __proto__: x, toString: y } }\n`,
      ),
      [],
    )
    assert.deepEqual(manifests.hosts, ['a.default.svc', 'constructor.default.svc vips 10.0.0.1'])
    assert.equal(({} as Record<string, unknown>).x, undefined)
  })
})
