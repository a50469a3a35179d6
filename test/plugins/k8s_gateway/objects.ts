/** A small cluster with something of everything that leads in from the outside. */
import { definition, endpointSlice, type KubeObject, namespace, service } from '#test/support/kubernetes/objects.ts'

type Metadata = Partial<NonNullable<KubeObject['metadata']>>

const of =
  (apiVersion: string, kind: string) =>
  (name: string, spec: object, status: object = {}, metadata: Metadata = {}): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name, namespace: 'default', ...metadata },
    spec,
    status,
  })

const GATEWAY_API = 'gateway.networking.k8s.io/v1'
const ISTIO = 'networking.istio.io/v1'

const makeIngress = of('networking.k8s.io/v1', 'Ingress')
export const gateway = of(GATEWAY_API, 'Gateway')
export const httpRoute = of(GATEWAY_API, 'HTTPRoute')
export const istioGateway = of(ISTIO, 'Gateway')
export const virtualService = of(ISTIO, 'VirtualService')
export const dnsEndpoint = of('externaldns.k8s.io/v1alpha1', 'DNSEndpoint')

export const reachedAt = (...ingress: readonly object[]) => ({ loadBalancer: { ingress } })

/** @param at where it is reached: addresses and names */
export const ingress = (
  name: string,
  hosts: readonly string[],
  at: readonly object[],
  more: object = {},
  metadata: Metadata = {},
) => makeIngress(name, { rules: hosts.map(host => ({ host })), ...more }, reachedAt(...at), metadata)

/** A Service of type LoadBalancer. */
export const balanced = (name: string, at: readonly object[], spec: object = {}, metadata: Metadata = {}): KubeObject => ({
  ...service(name, { type: 'LoadBalancer', clusterIP: undefined, clusterIPs: undefined, ...spec }, metadata),
  status: reachedAt(...at),
})

const IGNORED = { labels: { 'k8s-gateway.dns/ignore': 'true' } }
const HEADLESS = { clusterIP: 'None', clusterIPs: ['None'] }
const BY_ENDPOINTS = { annotations: { 'k8s-gateway.dns/resolve-endpoints': 'true' } }

export const definitions: readonly KubeObject[] = [
  ...['Gateway', 'ListenerSet', 'HTTPRoute', 'TLSRoute', 'GRPCRoute'].map(kind =>
    definition(kind, 'gateway.networking.k8s.io', 'v1'),
  ),
  ...['Gateway', 'VirtualService'].map(kind => definition(kind, 'networking.istio.io', 'v1')),
  definition('DNSEndpoint', 'externaldns.k8s.io', 'v1alpha1'),
]

export const listener = (name: string, hostname?: string) => ({ name, port: 80, protocol: 'HTTP', ...(hostname && { hostname }) })

/** For routes of every namespace. */
const open = { allowedRoutes: { namespaces: { from: 'All' } } }

const makeListenerSet = of(GATEWAY_API, 'ListenerSet')

/** More listeners of the Gateway `public`. */
export const listenerSet = (name: string, listeners: readonly object[], accepted: 'True' | 'False' | 'Unknown') =>
  makeListenerSet(
    name,
    { parentRef: { name: 'public', namespace: 'default' }, listeners },
    { conditions: [{ type: 'Accepted', status: accepted, reason: 'Accepted' }] },
    { namespace: 'shop' },
  )

const refusedBy = (name: string) => ({
  parents: [
    {
      parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name },
      controllerName: 'istio.io/gateway-controller',
      conditions: [{ type: 'Accepted', status: 'False', reason: 'NotAllowedByListeners' }],
    },
  ],
})

export const objects: readonly KubeObject[] = [
  namespace('default'),
  namespace('shop'),
  namespace('kube-system'),
  namespace('istio-system'),
  ingress('web', ['web.example.org', '*.apps.example.org', 'www.example.net'], [{ ip: '203.0.113.10' }, { ip: '2001:db8::10' }], {
    ingressClassName: 'nginx',
  }),
  ingress('special', ['special.apps.example.org'], [{ ip: '203.0.113.11' }], { ingressClassName: 'istio' }),
  ingress(
    'old',
    ['old.example.org', 'old.example.org'],
    [{ ip: '203.0.113.12' }],
    {},
    {
      annotations: { 'kubernetes.io/ingress.class': 'istio' },
    },
  ),
  ingress('named', ['named.example.org'], [{ hostname: 'lb.example.net' }]),
  ingress('mixed', ['mixed.example.org'], [{ ip: '203.0.113.14' }, { hostname: 'lb.example.net' }]),
  ingress('trap', ['*.trapped.example.org'], [{ ip: '203.0.113.98' }], { ingressClassName: 'istio' }),
  ingress('pending', ['pending.example.org'], [], { ingressClassName: 'nginx' }),
  ingress('hidden', ['hidden.example.org'], [{ ip: '203.0.113.99' }], {}, IGNORED),
  ingress('self', ['self.example.org', '*.self.example.org'], [{ hostname: 'lb.self.example.org' }]),
  balanced('plain', [{ ip: '203.0.113.20' }, { ip: '2001:db8::20' }], {}, { labels: { team: 'edge' } }),
  balanced(
    'called',
    [{ ip: '203.0.113.21' }],
    {},
    {
      annotations: { 'coredns.io/hostname': 'called.example.org, Short ,*.wild, no-_-such..name' },
    },
  ),
  balanced(
    'external',
    [{ ip: '203.0.113.22' }],
    {},
    {
      annotations: { 'external-dns.alpha.kubernetes.io/hostname': 'external.example.org' },
      labels: { team: 'shop' },
    },
  ),
  balanced('both', [{ ip: '203.0.113.23' }], { externalIPs: ['203.0.113.24'] }),
  service('inner', { clusterIP: undefined, clusterIPs: undefined, externalIPs: ['203.0.113.25'] }),
  balanced('hidden', [{ ip: '203.0.113.99' }], {}, IGNORED),
  balanced('waiting', []),
  service('pods', HEADLESS, BY_ENDPOINTS),
  endpointSlice('pods', [], {
    endpoints: [
      { addresses: ['10.244.1.1'], conditions: { ready: true } },
      { addresses: ['10.244.1.2'], conditions: { ready: true } },
      { addresses: ['10.244.1.3'], conditions: { ready: false } },
    ],
  }),
  balanced('dns1', [{ ip: '203.0.113.53' }, { ip: '2001:db8::53' }], {}, { namespace: 'kube-system' }),
  gateway(
    'public',
    {
      gatewayClassName: 'istio',
      listeners: [
        listener('wild', '*.gw.example.org'),
        listener('one', 'one.example.org'),
        listener('two', 'two.example.org'),
        listener('three', 'three.example.org'),
        { ...listener('open', '*.open.example.org'), ...open },
      ],
    },
    {
      addresses: [
        { type: 'IPAddress', value: '203.0.113.40' },
        { value: '2001:db8::40' },
        { type: 'example.com/zone', value: 'x' },
      ],
    },
  ),
  gateway(
    'private',
    { gatewayClassName: 'nginx', listeners: [{ ...listener('any'), ...open }] },
    { addresses: [{ type: 'Hostname', value: 'lb.example.net' }] },
    { namespace: 'shop' },
  ),
  httpRoute('site', { hostnames: ['site.gw.example.org', 'site.elsewhere.example.org'], parentRefs: [{ name: 'public' }] }),
  httpRoute('all', { parentRefs: [{ name: 'public', sectionName: 'wild' }] }),
  httpRoute('across', {
    hostnames: ['across.gw.example.org'],
    parentRefs: [{ name: 'public' }, { name: 'private', namespace: 'shop' }],
  }),
  httpRoute('within', { hostnames: ['two.example.org'], parentRefs: [{ group: '', kind: 'Service', name: 'public' }] }),
  httpRoute('refused', { hostnames: ['one.example.org'], parentRefs: [{ name: 'public' }] }, refusedBy('public')),
  httpRoute('ported', { hostnames: ['three.example.org'], parentRefs: [{ name: 'public', port: 80 }] }),
  httpRoute('closed', { hostnames: ['two.example.org'], parentRefs: [{ name: 'public', port: 443 }] }),
  httpRoute('every', { parentRefs: [{ name: 'private', namespace: 'shop' }] }),
  httpRoute(
    'visitor',
    { hostnames: ['a.open.example.org', 'two.example.org'], parentRefs: [{ name: 'public', namespace: 'default' }] },
    {},
    { namespace: 'shop' },
  ),
  listenerSet('team', [listener('set', '*.set.example.org'), listener('one', 'one.set.example.org')], 'True'),
  listenerSet('unanswered', [listener('set', '*.unanswered.example.org')], 'Unknown'),
  httpRoute(
    'of-set',
    {
      hostnames: ['a.set.example.org', 'two.example.org'],
      parentRefs: [{ kind: 'ListenerSet', name: 'team', sectionName: 'set' }],
    },
    {},
    { namespace: 'shop' },
  ),
  httpRoute('all-of-set', { parentRefs: [{ kind: 'ListenerSet', name: 'team', sectionName: 'one' }] }, {}, { namespace: 'shop' }),
  httpRoute('beside-set', { hostnames: ['beside.set.example.org'], parentRefs: [{ name: 'public' }] }),
  httpRoute(
    'unanswered',
    { hostnames: ['a.unanswered.example.org'], parentRefs: [{ kind: 'ListenerSet', name: 'unanswered' }] },
    {},
    { namespace: 'shop' },
  ),
  of(GATEWAY_API, 'TLSRoute')('tls', { hostnames: ['*.tls.example.org'], parentRefs: [{ name: 'private', namespace: 'shop' }] }),
  of(GATEWAY_API, 'GRPCRoute')('grpc', {
    hostnames: ['grpc.gw.example.org'],
    parentRefs: [{ name: 'public', sectionName: 'wild' }],
  }),
  balanced(
    'ingressgateway',
    [{ ip: '203.0.113.30' }],
    { selector: { app: 'ingressgateway', istio: 'ingressgateway' } },
    {
      namespace: 'istio-system',
      annotations: { 'coredns.io/hostname': '' },
    },
  ),
  istioGateway('bookinfo', {
    selector: { istio: 'ingressgateway' },
    servers: [
      { hosts: ['*.mesh.example.org', 'shop/only.example.org', './own.example.org'] },
      { hosts: ['bookinfo.example.org'] },
    ],
  }),
  istioGateway('closed', { selector: { istio: 'ingressgateway' }, servers: [{ hosts: ['./foreign.example.org'] }] }),
  istioGateway('nowhere', { selector: { istio: 'egressgateway' }, servers: [{ hosts: ['*'] }] }),
  virtualService('reviews', { hosts: ['reviews.mesh.example.org', 'only.example.org'], gateways: ['mesh', 'bookinfo'] }),
  virtualService('near', { hosts: ['near.mesh.example.org'], gateways: ['./bookinfo'] }),
  virtualService('older', { hosts: ['older.mesh.example.org'], gateways: ['bookinfo.default'] }, {}, { namespace: 'shop' }),
  virtualService(
    'oldest',
    { hosts: ['oldest.mesh.example.org'], gateways: ['bookinfo.default.svc.cluster.local'] },
    {},
    { namespace: 'shop' },
  ),
  virtualService('own', { hosts: ['own.example.org'], gateways: ['default/bookinfo'] }),
  virtualService('any', { hosts: ['*'], gateways: ['bookinfo'] }),
  virtualService(
    'only',
    { hosts: ['only.example.org', 'foreign.example.org'], gateways: ['default/bookinfo', 'default/closed'] },
    {},
    { namespace: 'shop' },
  ),
  virtualService('inside', { hosts: ['inside.mesh2.example.org'] }),
  istioGateway('exported', { selector: { istio: 'ingressgateway' }, servers: [{ hosts: ['*.exported.example.org'] }] }),
  ...[['*'], ['.', 'istio-system'], ['.'], ['~'], ['istio-system', '~']].map((exportTo, i) =>
    virtualService(`exported-${i}`, { hosts: [`${i}.exported.example.org`], gateways: ['exported'], exportTo }),
  ),
  virtualService('lost', { hosts: ['lost.example.org'], gateways: ['nowhere', 'gone'] }),
  dnsEndpoint('records', {
    endpoints: [
      { dnsName: 'written.example.org', recordType: 'A', targets: ['203.0.113.60', '203.0.113.61'] },
      { dnsName: 'written.example.org', recordType: 'AAAA', targets: ['2001:db8::60'] },
      { dnsName: 'written.example.org', recordType: 'TXT', targets: ['some words', 'x'.repeat(300)] },
      { dnsName: 'alias.example.org', recordType: 'CNAME', targets: ['lb.example.net'] },
      { dnsName: '*.deep.example.org', recordType: 'A', targets: ['203.0.113.62'] },
      { dnsName: 'written.example.org', recordType: 'TXT', targets: ['x'.repeat(70_000)] },
      { dnsName: 'mail.example.org', recordType: 'MX', targets: ['10 mail.example.org'] },
    ],
  }),
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'worker-1' },
    status: {
      addresses: [
        { type: 'Hostname', address: 'worker-1' },
        { type: 'InternalIP', address: '192.0.2.1' },
        { type: 'InternalIP', address: '2001:db8::1' },
        { type: 'ExternalIP', address: '203.0.113.71' },
      ],
    },
  },
]

/** Each of some names leads to all of them. */
const ring = Array.from({ length: 6 }, (_, i) => `${i}.ring.example.org`)
export const rings = dnsEndpoint('ring', {
  endpoints: ring.map(dnsName => ({ dnsName, recordType: 'CNAME', targets: ring })),
})

/** The Service of a name server, which has a name of its own. */
export const nameServer = balanced(
  'name-server',
  [{ ip: '203.0.113.54' }],
  {},
  { annotations: { 'coredns.io/hostname': 'ns1.example.org' } },
)

/** A host that is the zone itself. */
export const apex = ingress('apex', ['example.org'], [{ ip: '203.0.113.83' }])

/** Several objects with one host. */
export const overlapping: readonly KubeObject[] = [
  ingress('twice', ['twice.gw.example.org'], [{ ip: '203.0.113.80' }]),
  ingress('twice-more', ['twice.gw.example.org'], [{ ip: '203.0.113.81' }, { ip: '203.0.113.80' }]),
  httpRoute('twice', { hostnames: ['twice.gw.example.org'], parentRefs: [{ name: 'public' }] }),
]
