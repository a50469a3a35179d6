import { after } from 'node:test'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import * as kube from '#test/support/kubernetes/objects.ts'
import { sourceSuite } from './source.ts'

const service = (name: string, slices: readonly string[]) => `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: team }
---
${slices
  .map(
    address => `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: "${name}-${address}", namespace: team, labels: { kubernetes.io/service-name: ${name} } }
addressType: ${address.includes(':') ? 'IPv6' : 'IPv4'}
endpoints: [{ addresses: ["${address}"] }]
---
`,
  )
  .join('')}`

const entry = (host: string, address: string) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: entry }
spec: { hosts: ["${host}"], resolution: STATIC, endpoints: [{ address: ${address} }] }
---
`

sourceSuite({
  plugin: 'mesh',
  corefile: '.:0 {\n  mesh example.org {\n    source file mesh.yaml\n  }\n  whoami\n}\n',
  options: {
    files: {
      'mesh.yaml':
        service('one', ['192.0.2.1']) + service('both', ['192.0.2.2', '2001:db8::2']) + entry('*.apps.example.org', '192.0.2.3'),
    },
  },
  ipv4: ['one.team.svc.example.org.', '192.0.2.1'],
  both: ['both.team.svc.example.org.', '192.0.2.2', '2001:db8::2'],
  unknown: 'unknown.team.svc.example.org.',
  above: 'team.svc.example.org.',
  wildcard: ['apps.example.org.', '192.0.2.3'],
  reverse: '192-0-2-1.one.team.svc.example.org.',
})

sourceSuite({
  plugin: 'hosts',
  corefile: '.:0 {\n  hosts hosts example.org\n  whoami\n}\n',
  options: {
    files: {
      hosts:
        '192.0.2.1 one.team.example.org\n192.0.2.2 both.example.org\n2001:db8::2 both.example.org\n192.0.2.3 *.apps.example.org\n',
    },
  },
  ipv4: ['one.team.example.org.', '192.0.2.1'],
  both: ['both.example.org.', '192.0.2.2', '2001:db8::2'],
  unknown: 'unknown.example.org.',
  above: 'team.example.org.',
  wildcard: ['apps.example.org.', '192.0.2.3'],
  reverse: 'one.team.example.org.',
  otherwise: {
    'a negative answer has the SOA': 'a hosts file has none',
    'an unknown name does not exist, for no type': 'CoreDNS answers SERVFAIL, or passes PTR on',
    'a name above others exists': 'it is unknown like any other name that the file does not have',
  },
})

sourceSuite({
  plugin: 'file',
  corefile: '.:0 {\n  file db example.org\n  file reverse in-addr.arpa {\n    fallthrough in-addr.arpa\n  }\n  whoami\n}\n',
  options: {
    files: {
      db: '$TTL 60\n@ SOA ns hostmaster 1 2 3 4 5\none.team A 192.0.2.1\nboth A 192.0.2.2\nboth AAAA 2001:db8::2\n*.apps A 192.0.2.3\n',
      reverse: '$TTL 60\n@ SOA ns hostmaster 1 2 3 4 5\n1.2.0.192 PTR one.team.example.org.\n',
    },
  },
  ipv4: ['one.team.example.org.', '192.0.2.1'],
  both: ['both.example.org.', '192.0.2.2', '2001:db8::2'],
  unknown: 'unknown.example.org.',
  above: 'team.example.org.',
  wildcard: ['apps.example.org.', '192.0.2.3'],
  reverse: 'one.team.example.org.',
})

const api = await FakeApi.start()
after(() => api.stop())
const team = { namespace: 'team' }
api.put(
  kube.namespace('team'),
  kube.service('one', { clusterIP: '192.0.2.1', clusterIPs: ['192.0.2.1'] }, team),
  kube.service('both', { clusterIP: '192.0.2.2', clusterIPs: ['192.0.2.2', '2001:db8::2'] }, team),
)

sourceSuite({
  plugin: 'kubernetes',
  corefile: `.:0 {\n  kubernetes example.org in-addr.arpa {\n    endpoint ${api.url}\n    fallthrough in-addr.arpa\n  }\n  whoami\n}\n`,
  ipv4: ['one.team.svc.example.org.', '192.0.2.1'],
  both: ['both.team.svc.example.org.', '192.0.2.2', '2001:db8::2'],
  unknown: 'unknown.team.svc.example.org.',
  above: 'team.svc.example.org.',
  wildcard: ['apps.example.org.', '192.0.2.3'],
  reverse: 'one.team.svc.example.org.',
  otherwise: {
    'a type that the name does not have is no error': 'SRV records of all its ports stand at the name of a Service',
    'an unknown name does not exist, for no type': 'as in CoreDNS, SOA is asked for to find the zone: no name is an error for it',
    'a wildcard answers under the name that was asked for': 'no Service has one',
  },
})
