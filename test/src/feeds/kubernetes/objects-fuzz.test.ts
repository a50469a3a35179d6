import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json } from '#src/feeds/kubernetes/json-encoding.ts'
import { kindsOf } from '#src/feeds/kubernetes/kinds.ts'
import { protobuf } from '#src/feeds/kubernetes/protobuf-encoding.ts'
import { endpointSlice, type KubeObject, pod, service } from '#test/support/kubernetes/objects.ts'
import { writeEvent, writeList } from '#test/support/kubernetes/protobuf-writer.ts'
import { Random, SEED } from '#test/support/random.ts'

const selectors = { labels: '', namespaceLabels: '' }
const whole = { pods: true, zones: true, workloads: true }
const kinds = new Map([
  ...kindsOf(selectors, whole),
  ['Pod' as const, kindsOf(selectors, { ...whole, workloads: false }).get('Pod')!],
])

const random = new Random(SEED)
const one = random.one.bind(random)
const some = <T>(most: number, make: () => T): T[] => Array.from({ length: random.below(most + 1) }, make)
const address = () =>
  one('10.0.0.1', '192.0.2.255', 'fd00::1', '', '10.0.0.256', '1.2.3', '1.2.3.4.5', '01.2.3.4', 'None', 'x', '٣.1.1.1')
const name = () => one('a', 'web', 'web-0', '', 'A', 'a.b', '-a', 'ä', 'x'.repeat(64), '__proto__', 'constructor')
const port = () => ({ name: name(), protocol: one('TCP', 'UDP', 'SCTP', 'X', undefined), port: one(80, 1, 65_535, 65_536, 0) })

const randomService = (): KubeObject => {
  const ips = some(3, address)
  return service(
    name(),
    {
      type: one('ClusterIP', 'ExternalName', 'NodePort', 'LoadBalancer', ''),
      externalName: one('', 'example.org', '..'),
      clusterIP: ips[0] ?? '',
      clusterIPs: one(ips, undefined),
      ipFamilies: one(['IPv4'], ['IPv6', 'IPv4'], ['IPv5'], undefined),
      ports: some(3, () => ({ ...port(), targetPort: one<number | string>(8080, 'http', 0, '') })),
      selector: one({ app: 'web', __proto: 'x' }, undefined),
      externalIPs: one(undefined, some(2, address)),
      publishNotReadyAddresses: one(true, false, undefined),
    },
    {
      namespace: name() || 'default',
      annotations: one<Readonly<Record<string, string>>>(
        {},
        { 'networking.istio.io/exportTo': one('.', '', 'a,b') },
        { 'k8s-gateway.dns/resolve-endpoints': one('true', 'false') },
        { 'coredns.io/hostname': one('', 'a.example.org, *.b', '*a..b') },
      ),
      labels: one<Readonly<Record<string, string>>>({}, { 'k8s-gateway.dns/ignore': one('true', '') }),
    },
  )
}

const randomPod = (): KubeObject => {
  const ips = some(2, () => ({ ip: address() }))
  const more = one<object>({}, {}, { namespace: one('shop', 'A', '') }, { deletionTimestamp: '2026-01-01T00:00:00Z' })
  return pod(
    name(),
    { podIP: one(ips[0]?.ip, address(), undefined), podIPs: ips.length > 0 ? ips : undefined },
    { hostNetwork: one(true, false, undefined) },
    more,
  )
}

const randomSlice = (): KubeObject =>
  endpointSlice(
    'web',
    [],
    {
      addressType: one('IPv4', 'IPv4', 'IPv6', 'FQDN', 'x'),
      ports: one(undefined, some(3, port)),
      endpoints: some(5, () => ({
        addresses: some(3, address),
        conditions: one(undefined, {}, { ready: true }, { ready: false, serving: true }),
        hostname: one(undefined, name()),
        targetRef: one(undefined, { kind: 'Pod', name: name() }),
        zone: one(undefined, 'East', ''),
      })),
    },
    { namespace: name() || 'default' },
  )

/** What is kept and what is said. A problem names its place and, where the value is quoted, the value. */
function outcome(items: Iterable<{ read: (kind: never, skip: (problem: Error) => void) => unknown }>, kind: string): unknown {
  const problems: string[] = []
  for (const item of items) {
    try {
      return { kept: item.read(kinds.get(kind as 'Service') as never, problem => problems.push(problem.message)), problems }
    } catch (error) {
      return { refused: (error as Error).message, problems }
    }
  }
  return undefined
}

test(`objects of any kind of nonsense are read alike from both encodings (SEED=${SEED})`, () => {
  for (let i = 0; i < 4000; i++) {
    const object = one(randomService, randomSlice, randomPod)()
    const fromJson = json.list(Buffer.from(JSON.stringify({ metadata: {}, items: [object] })))
    const fromProtobuf = protobuf.list(writeList(object.kind, object.apiVersion, { resourceVersion: '1' }, [object]))
    assert.deepEqual(outcome(fromProtobuf.items, object.kind), outcome(fromJson.items, object.kind), JSON.stringify(object))
  }
})

test(`octets that have come to harm do no harm (SEED=${SEED})`, () => {
  for (let i = 0; i < 4000; i++) {
    const object = one(randomService, randomSlice, randomPod)()
    const frame = writeEvent('MODIFIED', {
      ...object,
      metadata: { ...object.metadata!, name: 'web', namespace: 'default' },
    }).subarray(4)
    for (let n = 1 + random.below(8); n > 0; n--) frame[random.below(frame.length)] = random.below(256)
    const begun = performance.now()
    try {
      const event = protobuf.event(frame.subarray(0, one(frame.length, random.below(frame.length))))
      if (event && event.type !== 'ERROR') outcome([event.item], object.kind)
    } catch (error) {
      assert.ok(error instanceof Error && error.name === 'Malformed', `${(error as Error).stack}`)
    }
    assert.ok(performance.now() - begun < 1000)
  }
})
