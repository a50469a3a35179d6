/** Objects of a small cluster by chance: few names and addresses, so that they meet, replace one another and are missed. */
import { reverseKey, toOctets } from '#src/dns/address.ts'
import { toText } from '#src/dns/name.ts'
import type { Random } from '../random.ts'
import { endpointSlice, type KubeObject, pod, service, serviceEntry, workloadEntry } from './objects.ts'

export const NAMESPACES = ['a', 'b'] as const

const SERVICES = ['s0', 's1', 's2'] as const
const IPV4 = Array.from({ length: 8 }, (_, i) => `10.244.0.${i + 1}`)
const IPV6 = Array.from({ length: 4 }, (_, i) => `fd00:244::${i + 1}`)
const PORTS = [
  { name: 'http', protocol: 'TCP', port: 80 },
  { name: 'dns', protocol: 'UDP', port: 53 },
  { name: 'dns-tcp', protocol: 'TCP', port: 53 },
]
const HOSTS = ['x.example', 'y.example', '*.wild.example', '*.deep.wild.example', 's0.a.svc.cluster.local'] as const
const LABELS: readonly Readonly<Record<string, string>>[] = [{ app: 'one' }, { app: 'two' }, { app: 'one', version: 'v1' }]

const PODS = ['p0', 'p1', 'p2'] as const

/** No two Pods have one address, and all can be asked from. */
const podIp = (namespace: string, name: string) => `127.0.${namespace === 'a' ? 1 : 2}.${1 + Number(name.slice(1))}`

/** Addresses that Pods may have, and one that none has. */
export const CLIENTS = [...NAMESPACES.flatMap(namespace => PODS.map(name => podIp(namespace, name))), '127.0.0.1']

/** No two Services have one address. @param n which of the three that each may have */
const clusterIps = (namespace: string, name: string, n: number) => {
  const number = (namespace === 'a' ? 10 : 20) + Number(name.slice(1))
  return [`10.96.${number}.${n + 1}`, `fd00:96::${number}:${n + 1}`] as const
}

export class RandomObjects {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  service(): KubeObject {
    const random = this.#random
    const [name, namespace] = [random.one(...SERVICES), random.one(...NAMESPACES)]
    const metadata = {
      namespace,
      ...(random.is(0.2) && { annotations: { 'networking.istio.io/exportTo': random.one('.', '*', 'a,b') } }),
    }
    const ports = random.some(PORTS)
    const spec = { ports: ports.length > 0 ? ports : PORTS, publishNotReadyAddresses: random.is(0.2) }
    if (random.is(0.2)) {
      const externalName = random.one('www.example.org', 's1.a.svc.cluster.local')
      const nothing = { clusterIP: undefined, clusterIPs: undefined, ipFamilies: undefined, ports: undefined }
      return service(name, { type: 'ExternalName', externalName, ...nothing }, metadata)
    }
    if (random.is(0.5)) return service(name, { ...spec, clusterIP: 'None', clusterIPs: ['None'] }, metadata)
    const [ipv4, ipv6] = clusterIps(namespace, name, random.below(3))
    const [clusterIPs, ipFamilies] = random.one(
      [[ipv4], ['IPv4']],
      [[ipv6], ['IPv6']],
      [
        [ipv4, ipv6],
        ['IPv4', 'IPv6'],
      ],
    )
    const families = { clusterIP: clusterIPs[0], clusterIPs, ipFamilies, ipFamilyPolicy: 'PreferDualStack' }
    return service(name, { ...spec, ...families }, metadata)
  }

  endpointSlice(): KubeObject {
    const random = this.#random
    const [name, namespace] = [random.one(...SERVICES), random.one(...NAMESPACES)]
    const [addressType, addresses] = random.one(['IPv4', IPV4], ['IPv4', IPV4], ['IPv6', IPV6])
    const endpoints = random.some(addresses).map((address, i) => ({
      addresses: [address],
      ...(random.is(0.8) && { conditions: random.one({}, { ready: true }, { ready: true }, { ready: false, serving: true }) }),
      ...(random.is(0.4) && { hostname: `pod-${i}` }),
      ...(random.is(0.5) && { targetRef: { kind: 'Pod', name: `${name}-pod-${i}`, namespace } }),
    }))
    // Now and then it changes the Service that it belongs to.
    const labels = { 'kubernetes.io/service-name': random.is(0.9) ? name : random.one(...SERVICES) }
    const slice = { addressType, ports: random.some(PORTS), endpoints }
    return endpointSlice(name, [], slice, { namespace, name: `${name}-${addressType.toLowerCase()}-${random.below(2)}`, labels })
  }

  serviceEntry(): KubeObject {
    const random = this.#random
    const resolution = random.one('STATIC', 'STATIC', 'NONE', 'DNS')
    const entry = serviceEntry(random.one('e0', 'e1', 'e2'), {
      hosts: [...new Set([random.one(...HOSTS), random.one(...HOSTS)])],
      ports: [
        { number: 80, name: 'http', protocol: 'HTTP' },
        { number: 443, name: 'tls', protocol: 'TLS' },
      ],
      resolution,
      ...(random.is(0.3) && { exportTo: [random.one('.', '*', 'a')] }),
      ...(random.is(0.3) && { addresses: [random.one('192.0.2.1', '2001:db8::1', '192.0.2.0/24')] }),
      ...(resolution === 'STATIC' &&
        (random.is(0.5)
          ? { workloadSelector: { labels: random.one(...LABELS) } }
          : { endpoints: random.some(IPV4).map(address => ({ address, ...(random.is(0.2) && { ports: { http: 8080 } }) })) })),
      ...(resolution === 'DNS' &&
        random.is(0.5) && { endpoints: [{ address: random.one('www.example.org', 'gone.example.org') }] }),
    })
    return { ...entry, metadata: { ...entry.metadata!, namespace: random.one(...NAMESPACES) } }
  }

  workloadEntry(): KubeObject {
    const random = this.#random
    const entry = workloadEntry(random.one('w0', 'w1', 'w2'), {
      address: random.one(...IPV4, ...IPV6),
      labels: random.one(...LABELS),
      ...(random.is(0.2) && { ports: { http: 9090 } }),
    })
    return { ...entry, metadata: { ...entry.metadata!, namespace: random.one(...NAMESPACES) } }
  }

  pod(): KubeObject {
    const random = this.#random
    const [name, namespace] = [random.one(...PODS), random.one(...NAMESPACES)]
    const ip = podIp(namespace, name)
    const conditions = [{ type: 'Ready', status: random.is(0.8) ? 'True' : 'False' }]
    const [phase, place] = random.one<readonly [string, object]>(
      ['Pending', {}],
      ['Running', { podIP: ip }],
      ['Running', { podIP: ip, podIPs: [{ ip }] }],
      ['Succeeded', { podIP: ip, podIPs: [{ ip }] }],
    )
    return pod(name, { phase, ...place, conditions }, {}, { namespace, labels: random.one(...LABELS) })
  }
}

const reverse = (address: string) => toText(reverseKey(toOctets(address)!))

/** Whatever may be known of these objects, and a little of what may not. */
export const QUESTIONS: readonly (readonly [name: string, type: string])[] = [
  ...NAMESPACES.flatMap(namespace =>
    SERVICES.flatMap(name => {
      const host = `${name}.${namespace}.svc.cluster.local.`
      const endpoints = [0, 1, 2, 3].flatMap(i => [`pod-${i}.${host}`, `${name}-pod-${i}.${host}`])
      return [
        ...['A', 'AAAA', 'SRV', 'CNAME', 'MX'].map(type => [host, type] as const),
        ...PORTS.map(port => [`_${port.name}._${port.protocol.toLowerCase()}.${host}`, 'SRV'] as const),
        ...endpoints.flatMap(endpoint => ['A', 'AAAA'].map(type => [endpoint, type] as const)),
        ...IPV4.map(address => [`${address.replaceAll('.', '-')}.${host}`, 'A'] as const),
        ...IPV6.map(address => [`${address.replaceAll(':', '-')}.${host}`, 'AAAA'] as const),
        ...[0, 1, 2].flatMap(n => clusterIps(namespace, name, n)).map(address => [reverse(address), 'PTR'] as const),
      ]
    }),
  ),
  ...HOSTS.map(host => host.replace('*', 'any.other')).flatMap(host => [
    ...['A', 'AAAA', 'SRV'].map(type => [`${host}.`, type] as const),
    [`_http._tcp.${host}.`, 'SRV'] as const,
  ]),
  ...[...IPV4, ...IPV6, ...CLIENTS, '192.0.2.1', '2001:db8::1'].map(address => [reverse(address), 'PTR'] as const),
]
