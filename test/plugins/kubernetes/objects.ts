/** A small cluster with something of everything that the plugin answers for. */
import {
  definition,
  endpointSlice,
  type KubeObject,
  namespace,
  pod,
  service,
  serviceImport,
} from '#test/support/kubernetes/objects.ts'

const HEADLESS = { clusterIP: 'None', clusterIPs: ['None'] }
const NO_ADDRESS = { clusterIP: undefined, clusterIPs: undefined, ports: undefined }
const IPV6 = { addressType: 'IPv6' }
const at = (...addresses: readonly string[]) => ({ clusterIP: addresses[0], clusterIPs: addresses })

const endpoint = (address: string, more: object = {}) => ({ addresses: [address], conditions: { ready: true }, ...more })

/** A slice of `name` under another name than the first. */
const slice = (name: string, suffix: string, addresses: readonly string[], more: object = {}) =>
  endpointSlice(name, addresses, more, {
    name: `${name}-${suffix}`,
    labels: { 'kubernetes.io/service-name': name },
  })

const imported = (name: string, cluster: string, endpoints: readonly object[]) =>
  endpointSlice(
    name,
    [],
    { endpoints },
    {
      name: `${name}-${cluster}`,
      labels: {
        'multicluster.kubernetes.io/service-name': name,
        'multicluster.kubernetes.io/source-cluster': cluster,
      },
    },
  )

export const definitions: readonly KubeObject[] = [definition('ServiceImport', 'multicluster.x-k8s.io', 'v1alpha1')]

export const objects: readonly KubeObject[] = [
  namespace('default'),
  namespace('svc'),
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { tier: 'front' } } },
  service('backend', {
    ...at('10.96.0.10'),
    ports: [
      { name: 'http', protocol: 'TCP', port: 80 },
      { name: 'dns', protocol: 'UDP', port: 53 },
    ],
  }),
  endpointSlice('backend', ['10.244.0.1', '10.244.0.2']),
  service('cart', at('10.96.0.20'), { namespace: 'shop' }),
  endpointSlice('cart', ['10.244.3.1'], {}, { namespace: 'shop' }),
  service('dual', at('10.96.0.11', 'fd00:96::11')),
  endpointSlice('dual', ['10.244.0.3']),
  slice('dual', '6', ['fd00:244::3'], IPV6),
  service('db', { ...HEADLESS, ports: [{ name: 'sql', protocol: 'TCP', port: 5432 }] }),
  endpointSlice('db', [], {
    ports: [{ name: 'sql', protocol: 'TCP', port: 5432 }],
    endpoints: [
      endpoint('10.244.1.1', { hostname: 'db-0', targetRef: { kind: 'Pod', name: 'db-0', namespace: 'default' } }),
      endpoint('10.244.1.2', { hostname: 'db-1', targetRef: { kind: 'Pod', name: 'db-1', namespace: 'default' } }),
      endpoint('10.244.1.3', { targetRef: { kind: 'Pod', name: 'db-spare', namespace: 'default' } }),
      { addresses: ['10.244.1.4'], conditions: { ready: false }, hostname: 'db-2' },
    ],
  }),
  service('both', { ...HEADLESS, ports: [{ name: 'http', protocol: 'TCP', port: 80 }] }),
  endpointSlice('both', ['10.244.2.1']),
  slice('both', '6', ['fd00:244::1', 'fd00:244:1::'], IPV6),
  service('twice', { ...HEADLESS, ports: undefined }),
  endpointSlice('twice', [], { endpoints: [endpoint('10.244.6.1', { hostname: 'first' }), endpoint('10.244.6.1')] }),
  service('down', HEADLESS),
  endpointSlice('down', [], { endpoints: [{ addresses: ['10.244.2.9'], conditions: { ready: false } }] }),
  service('idle', at('10.96.0.12')),
  service('unnamed', { ...at('10.96.0.13'), ports: [{ protocol: 'TCP', port: 8080 }] }),
  service('portless', { ...HEADLESS, ports: undefined }),
  endpointSlice('portless', ['10.244.2.3'], { ports: [] }),
  service('zoned', { ...HEADLESS, ports: [{ name: 'http', protocol: 'TCP', port: 80 }] }),
  endpointSlice('zoned', [], {
    endpoints: [endpoint('10.244.4.1', { zone: 'Zone-A.1' }), endpoint('10.244.4.2', { zone: 'zone-b' })],
  }),
  service('ext', { type: 'ExternalName', externalName: 'www.example.org', ...NO_ADDRESS }),
  service('ext-ip', { type: 'ExternalName', externalName: '192.0.2.1', ...NO_ADDRESS }),
  service('ext-in', { type: 'ExternalName', externalName: 'backend.default.svc.cluster.local', ...NO_ADDRESS }),
  service('ext-loop', { type: 'ExternalName', externalName: 'ext-loop.default.svc.cluster.local', ...NO_ADDRESS }),
  service('ext-gone', { type: 'ExternalName', externalName: 'gone.default.svc.cluster.local', ...NO_ADDRESS }),
  service('edge', { type: 'LoadBalancer', ...at('10.96.0.14'), externalIPs: ['203.0.113.1'] }, {}),
  {
    ...service('balanced', {
      type: 'LoadBalancer',
      ...at('10.96.0.15'),
      ports: [
        { name: 'http', protocol: 'TCP', port: 80 },
        { name: 'https', protocol: 'TCP', port: 443 },
      ],
    }),
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.2' }, { ip: '2001:db8::2' }] } },
  },
  {
    ...service('named', { type: 'LoadBalancer', ...at('10.96.0.16') }),
    status: { loadBalancer: { ingress: [{ hostname: 'www.example.org' }] } },
  },
  pod('web-0', { phase: 'Running', podIP: '10.244.0.1', podIPs: [{ ip: '10.244.0.1' }, { ip: 'fd00:244::f1' }] }),
  pod('cart-0', { phase: 'Running', podIP: '10.244.3.1', podIPs: [{ ip: '10.244.3.1' }] }, {}, { namespace: 'shop' }),
  pod('client', { phase: 'Running', podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] }),
  pod('done', { phase: 'Succeeded', podIP: '10.244.0.77', podIPs: [{ ip: '10.244.0.77' }] }),
]

export const imports: readonly KubeObject[] = [
  serviceImport('shared', {
    type: 'ClusterSetIP',
    ips: ['10.128.0.1'],
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
  }),
  imported('shared', 'east', [endpoint('10.244.5.1')]),
  serviceImport('spread', { type: 'Headless', ips: [], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }),
  imported('spread', 'east', [endpoint('10.244.5.2', { hostname: 'node-0' })]),
  imported('spread', 'west', [endpoint('10.244.5.3', { hostname: 'node-0' })]),
]
