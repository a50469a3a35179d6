/** CoreDNS's answers and this server's are equal but for what the README tells. */
import { besideCoreDns, type Difference } from '#test/plugins/kubernetes/beside-coredns.ts'

const below = (...names: readonly string[]) => names.map(name => (name === '' ? 'example.net.' : `${name}.example.net.`))

const NAMES = [
  ...below(
    ...['', 'dns', 'ns1.dns', 'ns2.dns', 'x.ns1.dns', 'default', 'gone', 'svc.default', 'x.y.z.edge.default'],
    ...['edge', 'balanced', 'named', 'backend', 'db', 'both', 'down', 'ext', 'gone', '_http._tcp.edge', '_x._tcp.edge'].map(
      name => `${name}.default`,
    ),
    ...[
      '_https._tcp.balanced',
      'http.tcp.balanced',
      '_http._tcp.named',
      '_sql._tcp.db',
      'db-0.db',
      'db-2.db',
      '10-244-1-3.db',
    ].map(name => `${name}.default`),
    ...['10-244-0-1.backend', 'x.edge'].map(name => `${name}.default`),
  ),
  ...['1.113.0.203', '2.113.0.203', '3.113.0.203', '10.0.96.10', '113.0.203'].map(name => `${name}.in-addr.arpa.`),
]

const DIFFERENCES: readonly Difference[] = [
  [/^(_http\._tcp\.)?named\.default\.\S+ CNAME$/, 'what has a CNAME is asked for it'],
  [/^(_http\._tcp\.)?named\.default\.\S+ SRV$/, 'addresses of targets are for the client to ask for'],
  [/^x\.edge\.default\./, 'a Service with external addresses has no endpoints outside'],
  [/\.arpa\. /, 'a name that has a PTR record exists, and a network may have names below it'],
  [/ AXFR$/, 'there is no zone transfer'],
]

besideCoreDns(
  [
    { title: 'external addresses', options: [], more: 'k8s_external example.net in-addr.arpa\n' },
    { title: 'endpoints', options: ['ttl 30'], more: 'k8s_external example.net {\n headless\n ttl 30\n apex dns\n}\n' },
    { title: 'fallthrough', options: ['namespaces shop'], more: 'k8s_external example.net {\n fallthrough\n}\n' },
  ].map(setup => ({ ...setup, zones: 'cluster.local', names: NAMES })),
  DIFFERENCES,
)
