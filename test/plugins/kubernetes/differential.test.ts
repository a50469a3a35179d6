/** CoreDNS's answers and this server's are equal but for what the README tells. */
import { besideCoreDns, type Difference, type Setup } from './beside-coredns.ts'

const below = (zone: string, ...names: readonly string[]) => names.map(name => (name === '' ? zone : `${name}.${zone}`))

const NAMES = below(
  'cluster.local.',
  ...[
    '',
    'svc',
    'pod',
    'default.svc',
    'default.pod',
    'gone.svc',
    'gone.pod',
    'svc.svc',
    'ns.dns',
    'x.ns.dns',
    'dns',
    'dns-version',
    'x.dns-version',
  ],
  ...['backend', 'gone', 'dual', 'db', 'both', 'down', 'idle', 'unnamed', 'portless', 'zoned', 'edge', 'twice'].map(
    name => `${name}.default.svc`,
  ),
  ...['ext', 'ext-ip', 'ext-in', 'ext-gone', 'ext-loop'].map(name => `${name}.default.svc`),
  ...['_http._tcp.ext', 'x.ext', '_http._tcp.backend', '_dns._udp.backend', 'http.tcp.backend', '_http._udp.backend'].map(
    name => `${name}.default.svc`,
  ),
  ...[
    '_._tcp.backend',
    '_._.backend',
    '_tcp.backend',
    '_sql._tcp.db',
    '_http._tcp.both',
    '_http._tcp.dual',
    '_http._tcp.idle',
  ].map(name => `${name}.default.svc`),
  ...['_http._tcp.down', '_http._tcp.unnamed', '_http._tcp.portless', 'a.b.c.backend'].map(name => `${name}.default.svc`),
  ...[
    'db-0.db',
    'db-1.db',
    'db-2.db',
    '10-244-1-1.db',
    '10-244-1-3.db',
    'db-spare.db',
    '10-244-0-1.backend',
    '10-244-0-9.backend',
  ].map(name => `${name}.default.svc`),
  ...[
    'fd00-244--1.both',
    'fd00-244-1--0.both',
    'fd00-244-1--.both',
    '10-244-2-3.portless',
    'a.db-0.db',
    'first.twice',
    '10-244-6-1.twice',
  ].map(name => `${name}.default.svc`),
  ...['zone-a.1.pin._zone.zoned', 'zone-b.prefer._zone.zoned', 'zone-c.pin._zone.zoned', 'zone-c.prefer._zone.zoned'].map(
    name => `${name}.default.svc`,
  ),
  ...['zone-b.pin._zone.backend', 'zone-b.other._zone.zoned', 'zone-b.pin._zone.gone'].map(name => `${name}.default.svc`),
  ...['cart.shop.svc', '10-244-3-1.cart.shop.svc', 'shop.svc'],
  ...[
    '10-244-0-1.default',
    '10-244-3-1.shop',
    '10-244-3-1.default',
    '10-9-9-9.default',
    '1-2-3.default',
    '300-1-1-1.default',
    'x.10-244-0-1.default',
  ].map(name => `${name}.pod`),
  ...['fd00-244--f1.default', '10-244-0-77.default', 'name.default', '10-1-1-1.gone'].map(name => `${name}.pod`),
  ...['com', 'www.example.com', 'www.example.com.default.svc', '*.default.svc', '*.*.svc', 'any.default.svc'],
)

const REVERSE = [
  ...[
    '10.0.96.10',
    '11.0.96.10',
    '1.0.244.10',
    '1.1.244.10',
    '3.1.244.10',
    '4.1.244.10',
    '1.3.244.10',
    '1.6.244.10',
    '20.0.96.10',
    '9.9.9.9',
  ].map(name => `${name}.in-addr.arpa.`),
  `${'1.0.0.0.'}${'0.0.0.0.'.repeat(5)}${'4.4.2.0.'}${'0.0.d.f.'}ip6.arpa.`,
  'in-addr.arpa.',
  'x.in-addr.arpa.',
]

const SETUPS: readonly Setup[] = [
  {
    title: 'as kubeadm has it',
    zones: 'cluster.local in-addr.arpa ip6.arpa',
    options: ['pods insecure', 'ttl 30'],
    names: [...NAMES, ...REVERSE],
  },
  { title: 'with nothing said', zones: 'cluster.local', options: [], names: NAMES },
  {
    title: 'pods verified',
    zones: 'cluster.local',
    options: ['pods verified', 'endpoint_pod_names', 'zonal', 'ttl 3600'],
    names: NAMES,
  },
  {
    title: 'less of everything',
    zones: 'cluster.local in-addr.arpa',
    options: ['noendpoints', 'namespaces default', 'pods insecure'],
    names: [...NAMES, ...REVERSE],
  },
  {
    title: 'a selection of namespaces',
    zones: 'cluster.local',
    options: ['namespace_labels tier=front', 'ignore empty_service'],
    names: NAMES,
  },
  { title: 'without empty services', zones: 'cluster.local', options: ['ignore empty_service', 'fallthrough'], names: NAMES },
  {
    title: 'nothing that labels select',
    zones: 'cluster.local in-addr.arpa',
    options: ['labels tier=front', 'fallthrough in-addr.arpa'],
    names: [...NAMES, ...REVERSE],
  },
  {
    title: 'imported services',
    zones: 'cluster.local clusterset.local',
    options: ['multicluster clusterset.local'],
    names: below(
      'clusterset.local.',
      ...['', 'svc', 'default.svc', 'ns.dns'],
      ...[
        'shared',
        'spread',
        'backend',
        '_http._tcp.shared',
        '_http._tcp.spread',
        'node-0.spread',
        'node-0.east.spread',
        'node-0.west.spread',
      ].map(name => `${name}.default.svc`),
      ...['node-0.north.spread', '10-244-5-1.east.shared', '10-244-5-1.shared', 'a.b.c.spread'].map(
        name => `${name}.default.svc`,
      ),
    ),
  },
]

/** Questions that are answered otherwise on purpose, each with the reason. */
const DIFFERENCES: readonly Difference[] = [
  [/^((svc|pod|\w+\.svc|\w+\.pod|ns\.dns)\.)?cluster(set)?\.local\. TXT$/, 'a name that exists has no TXT records, and exists'],
  [/^ns\.dns\.\S+ PTR$/, 'a name that has addresses exists'],
  [/^(dns-version|dns)\.\S+ /, 'a name that has a TXT record, or names below it, exists'],
  [/\.arpa\. (?!PTR)/, 'a name that has a PTR record exists'],
  [/^x\.in-addr\.arpa\. PTR$/, 'a network may have names below it'],
  [/^ext-in\.\S+ AAAA$/, 'a CNAME is told, whatever it leads to'],
  [/^ext-gone\.\S+ (A|AAAA)$/, 'a CNAME is told, whatever it leads to, and the rcode is that of its target'],
  [/^x\.10-244-0-1\.default\.pod\./, 'there is no name below a pod'],
]

besideCoreDns(SETUPS, DIFFERENCES)
