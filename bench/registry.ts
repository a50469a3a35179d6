/** Names with their addresses, and the forms in which servers read them: zone file, hosts file, Kubernetes manifests. */

interface Entry {
  /** Without the final dot. */
  name: string
  addresses: readonly string[]
}

/** What a server answers from memory. Every name lies below the zone. */
export interface Registry {
  zone: string
  /** Seconds, of every record and of negative answers. */
  ttl: number
  entries: readonly Entry[]
}

const NAMES = 2000
const SERVICES_PER_NAMESPACE = 100

/** 2,000 Services in 20 namespaces, with three endpoints each: what the scenarios of the mesh ask. */
export const mesh: Registry = {
  zone: 'cluster.local',
  ttl: 5,
  entries: Array.from({ length: NAMES }, (_, i) => ({
    name: `service-${padded(i)}.team-${Math.floor(i / SERVICES_PER_NAMESPACE)}.svc.cluster.local`,
    addresses: addresses(i),
  })),
}

/** 100,000 names with an address each. */
export const many: Registry = {
  zone: 'cluster.local',
  ttl: 5,
  entries: Array.from({ length: 100_000 }, (_, i) => ({
    name: `service-${String(i).padStart(6, '0')}.team-${i % 1000}.svc.cluster.local`,
    addresses: [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`],
  })),
}

/** Below this name of {@link outside} there is every name, so that no query needs to be asked twice. */
export const WILDCARD = 'any.example.org'

/** What the upstream serves: 2,000 names of the world outside, and a wildcard. */
export const outside: Registry = {
  zone: 'example.org',
  ttl: 3600,
  entries: [
    ...Array.from({ length: NAMES }, (_, i) => ({ name: `host-${padded(i)}.example.org`, addresses: addresses(i) })),
    { name: `*.${WILDCARD}`, addresses: ['192.0.2.1'] },
  ],
}

function padded(i: number): string {
  return String(i).padStart(4, '0')
}

function addresses(i: number): string[] {
  return [1, 2, 3].map(last => `10.${i >> 8}.${i & 255}.${last}`)
}

/** A zone file (RFC 1035 §5). */
export function zoneFile({ zone, ttl, entries }: Registry): string {
  return [
    `$ORIGIN ${zone}.`,
    `$TTL ${ttl}`,
    `@ SOA ns.dns hostmaster 1 7200 1800 86400 ${ttl}`,
    '@ NS ns.dns',
    'ns.dns A 127.0.0.1',
    ...entries.flatMap(({ name, addresses }) => addresses.map(address => `${name}. A ${address}`)),
    '',
  ].join('\n')
}

/** A hosts file, one line for each address (hosts(5)). */
export function hostsFile({ entries }: Registry): string {
  return entries.flatMap(({ name, addresses }) => addresses.map(address => `${address} ${name}\n`)).join('')
}

/** YAML manifests by file name: a file for each namespace, with a Service and an EndpointSlice for each name. */
export function manifests({ entries }: Registry): Record<string, string> {
  const files: Record<string, string> = {}
  for (const { name, addresses } of entries) {
    const [service, namespace] = name.split('.') as [string, string]
    const file = `${namespace}.yaml`
    files[file] = (files[file] ?? '') + manifest(service, namespace, addresses)
  }
  return files
}

/** A ClusterIP Service and its EndpointSlice. */
export function manifest(service: string, namespace: string, addresses: readonly string[]): string {
  return `---
apiVersion: v1
kind: Service
metadata:
  name: ${service}
  namespace: ${namespace}
spec:
  clusterIP: ${addresses[0]!.replace(/^10\./, '172.')}
  selector:
    app: ${service}
  ports:
    - { name: http, port: 80, targetPort: 8080, protocol: TCP }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${service}-1
  namespace: ${namespace}
  labels:
    kubernetes.io/service-name: ${service}
addressType: IPv4
ports:
  - { name: http, port: 8080, protocol: TCP }
endpoints:
${addresses.map(address => `  - addresses: [${address}]\n    conditions: { ready: true, serving: true, terminating: false }\n`).join('')}`
}
