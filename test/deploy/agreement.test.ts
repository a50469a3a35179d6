/** What the manifests say in several places is the same everywhere, and is what the server does. */
import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { plugins } from '#plugins/index.ts'
import { Directive } from '#src/corefile/directive.ts'
import { parseLabel } from '#src/corefile/labels.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import { read } from '#test/house/files.ts'
import { runServer } from '#test/support/server.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { container, corefile, deployed, pod, the } from './manifests.ts'

/** How long a stopping server lets queries finish, in seconds. */
const GRACE = 5

const dockerfile = read('Dockerfile').text
const portOf = (name: string) => container.ports!.find(port => port.name === name)?.containerPort
const [block] = parseCorefile(corefile, 'Corefile').blocks

async function optionsOf(name: string): Promise<unknown> {
  const plugin = await plugins.find(candidate => candidate.name === name)!.load()
  const entries = block!.entries.filter(({ word }) => word.text === name)
  return plugin.parse(new Directive(name, ['.'], entries))
}

test('the Corefile is accepted', async () => {
  await using server = await runServer(corefile, { args: ['-validate'] })
  const { code } = await server.exited
  assert.equal(code, 0, server.output)
})

test('the Corefile names what handles queries in the order of the chain', () => {
  const order = plugins.map(plugin => plugin.name)
  const words = block!.entries.map(({ word }) => word.text)
  const sources = words.slice(words.indexOf('loadbalance'))
  assert.deepEqual(
    sources,
    sources.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)),
  )
})

test('the container has the ports that the Corefile opens and the image declares', async () => {
  const { port } = parseLabel(block!.labels[0]!, 0)[0]!
  assert.deepEqual([portOf('dns'), portOf('dns-tcp')], [port, port])
  for (const [name, plugin] of [
    ['health', 'health'],
    ['ready', 'ready'],
    ['metrics', 'prometheus'],
  ] as const)
    assert.equal(`:${portOf(name)}`, ((await optionsOf(plugin)) as { address: string }).address)
  const exposed = /^EXPOSE (.*)$/m
    .exec(dockerfile)![1]!
    .split(' ')
    .map(port => Number.parseInt(port, 10))
  assert.deepEqual(new Set(container.ports!.map(port => port.containerPort)), new Set(exposed))
})

test('whatever names a port names one that the container has', () => {
  const named = container.ports!.map(({ name, protocol }) => `${name}/${protocol}`)
  const numbered = container.ports!.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)
  for (const { targetPort, protocol } of the('Service').spec!.ports!)
    assert.ok(named.includes(`${targetPort}/${protocol}`), `${targetPort}`)
  for (const { port, protocol } of the('NetworkPolicy').spec!.ingress!.flatMap(({ ports }) => ports!))
    assert.ok(numbered.includes(`${port}/${protocol}`), `${port}`)
  assert.equal(container.livenessProbe!.httpGet!.port, 'health')
  assert.equal(container.readinessProbe!.httpGet!.port, 'ready')
  assert.equal(pod.metadata!.annotations!['prometheus.io/port'], `${portOf('metrics')}`)
  const { spec } = parse(read('deploy/components/pod-monitor/pod-monitor.yaml').text)
  assert.deepEqual(spec.podMetricsEndpoints, [{ port: 'metrics' }])
})

test('whatever selects pods selects those of the Deployment', () => {
  const { labels } = pod.metadata!
  const { affinity, topologySpreadConstraints } = pod.spec!
  const preferred = affinity!.podAntiAffinity!.preferredDuringSchedulingIgnoredDuringExecution!
  const selectors = [
    the('Deployment').spec!.selector.matchLabels,
    the('Service').spec!.selector,
    the('PodDisruptionBudget').spec!.selector!.matchLabels,
    the('NetworkPolicy').spec!.podSelector!.matchLabels,
    ...preferred.map(({ podAffinityTerm }) => podAffinityTerm.labelSelector!.matchLabels),
    ...topologySpreadConstraints!.map(({ labelSelector }) => labelSelector!.matchLabels),
    parse(read('deploy/components/pod-monitor/pod-monitor.yaml').text).spec.selector.matchLabels,
  ]
  for (const selector of selectors) assert.deepEqual(selector, { app: labels!.app })
})

test('the autoscaler owns the number of replicas, two at least', () => {
  const { name } = the('Deployment').metadata!
  const { scaleTargetRef, minReplicas } = the('HorizontalPodAutoscaler').spec!
  assert.deepEqual(scaleTargetRef, { apiVersion: 'apps/v1', kind: 'Deployment', name })
  assert.equal(minReplicas, 2)
  assert.equal(the('Deployment').spec!.replicas, undefined)
})

test('the grace period outlasts the lameduck and the queries under way', async () => {
  const { lameduck } = (await optionsOf('health')) as { lameduck: number }
  assert.ok(lameduck >= 5000)
  assert.ok(pod.spec!.terminationGracePeriodSeconds! > lameduck / 1000 + GRACE)
})

test('the container runs the image’s program as the image’s user, with the Corefile of the ConfigMap', () => {
  const { runAsUser, runAsGroup } = pod.spec!.securityContext!
  assert.equal(`${runAsUser}:${runAsGroup}`, /^USER (.*)$/m.exec(dockerfile)![1])
  assert.deepEqual(container.args, JSON.parse(/^CMD (.*)$/m.exec(dockerfile)![1]!))
  assert.equal(container.image, `istio-coredns:${packageJson.version}`)
  const mount = container.volumeMounts!.find(({ name }) => name === 'config')!
  const volume = pod.spec!.volumes!.find(({ name }) => name === 'config')!
  assert.equal(volume.configMap!.name, the('ConfigMap').metadata!.name)
  assert.deepEqual(
    volume.configMap!.items!.map(({ path }) => posix.join(mount.mountPath, path)),
    [container.args![1]],
  )
  assert.deepEqual(container.volumeMounts!.map(({ name }) => name).sort(), pod.spec!.volumes!.map(({ name }) => name).sort())
  assert.ok(container.volumeMounts!.every(({ readOnly, subPath }) => readOnly && subPath === undefined))
})

test('the pod keeps to the restricted Pod Security Standard, outside the mesh and the cluster’s DNS', () => {
  const { runAsUser: _, runAsGroup: __, ...securityContext } = pod.spec!.securityContext!
  assert.deepEqual(securityContext, {
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
  })
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
  })
  const { metadata, spec } = pod
  assert.equal(metadata!.labels!['sidecar.istio.io/inject'], 'false')
  assert.equal(metadata!.labels!['istio.io/dataplane-mode'], 'none')
  assert.equal(metadata!.annotations!['ambient.istio.io/dns-capture'], 'false')
  assert.deepEqual([spec!.dnsPolicy, spec!.hostNetwork], ['Default', undefined])
})

test('the namespace is neither created nor deleted', () => {
  assert.ok(deployed.every(({ kind }) => kind !== 'Namespace'))
})
