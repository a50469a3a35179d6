/** What a real istiod says over TLS, where its program and a real API server are there. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Istiod } from '#src/feeds/istiod/source.ts'
import { RealIstiod, withoutIstiod } from '#test/support/istiod/real-istiod.ts'
import { realApiProgram } from '#test/support/kubernetes/build.ts'
import { endpointSlice, namespace, pod, service, serviceEntry } from '#test/support/kubernetes/objects.ts'
import { RealApi } from '#test/support/kubernetes/real-api.ts'
import { until } from '#test/support/waiting.ts'
import type { Watched } from '../watching.ts'
import { watchIstiod } from './watching.ts'

/** istiod puts its root certificate into every namespace. */
async function rootCertificate(api: RealApi): Promise<string> {
  let root: string | undefined
  const hasCome = async () => {
    const response = await fetch(`http://127.0.0.1:${api.port}/api/v1/namespaces/dns/configmaps/istio-ca-root-cert`)
    const { data } = (await response.json()) as { data?: Record<string, string> }
    root = data?.['root-cert.pem']
    return root !== undefined
  }
  await until(hasCome, undefined, 60_000)
  return root!
}

test('a mesh of several networks', { skip: withoutIstiod(), timeout: 90_000 }, async t => {
  const built = await realApiProgram()
  if ('skip' in built) return t.skip(built.skip)
  await using api = await RealApi.start(built.program)
  const west = { labels: { 'topology.istio.io/network': 'west' } }
  const status = { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }], conditions: [{ type: 'Ready', status: 'True' }] }
  const targetRef = { kind: 'Pod', namespace: 'default', name: 'backend-1' }
  await api.put(
    { ...namespace('istio-system'), metadata: { name: 'istio-system', ...west } },
    namespace('default'),
    service('backend', { selector: { app: 'backend' } }),
    // Gateways stand for workloads that speak mTLS only.
    pod(
      'backend-1',
      { phase: 'Running', ...status },
      { nodeName: 'node' },
      { labels: { app: 'backend', 'security.istio.io/tlsMode': 'istio' } },
    ),
    endpointSlice('backend', [], { endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true }, targetRef }] }),
    {
      ...service(
        'gateway',
        { type: 'LoadBalancer', clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports: [{ name: 'tls', port: 443 }] },
        { labels: { ...west.labels, 'networking.istio.io/gatewayPort': '443' } },
      ),
      status: { loadBalancer: { ingress: [{ ip: '34.0.0.1' }] } },
    },
  )
  for (const ambient of [true, false]) {
    await using istiod = await RealIstiod.start(`http://127.0.0.1:${api.port}`, ambient)
    for (const [network, here] of [
      ['west', true],
      ['east', false],
      // Where a sidecar does not say where it is, gateways stand for all endpoints.
      [undefined, ambient],
    ] as const) {
      await using watched = watchIstiod([istiod.address], { network })
      await watched.until(() => watched.feed.complete)
      // The table of names for sidecars does not say of which network a virtual address is.
      const vips = ambient && network === 'east' ? '' : ' vips 10.96.0.10'
      assert.equal(watched.hosts[0], `backend.default.svc${vips}${here ? ' at 10.0.0.1' : ''}`)
    }
  }
})

test('every endpoint of the own cluster is told apart: pods, slices without pods, what ServiceEntries list', {
  skip: withoutIstiod(),
  timeout: 90_000,
}, async t => {
  const built = await realApiProgram()
  if ('skip' in built) return t.skip(built.skip)
  await using api = await RealApi.start(built.program)
  const targetRef = { kind: 'Pod', namespace: 'default', name: 'backend-1' }
  const status = { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }], conditions: [{ type: 'Ready', status: 'True' }] }
  await api.put(
    namespace('istio-system'),
    namespace('default'),
    service('backend', { selector: { app: 'backend' } }),
    pod('backend-1', { phase: 'Running', ...status }, { nodeName: 'node' }, { labels: { app: 'backend' } }),
    endpointSlice('backend', [], { endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true }, targetRef }] }),
    service('bare', { clusterIP: '10.96.0.11', clusterIPs: ['10.96.0.11'] }),
    endpointSlice('bare', ['10.9.0.1']),
    serviceEntry('listed', {
      hosts: ['listed.example'],
      resolution: 'STATIC',
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      endpoints: [{ address: '192.0.2.1' }],
    }),
  )
  for (const ambient of [true, false]) {
    await using istiod = await RealIstiod.start(`http://127.0.0.1:${api.port}`, ambient)
    await using watched = watchIstiod([istiod.address], { apart: true })
    await watched.until(() => watched.feed.complete)
    const groups = [...watched.feed.records.values()].flatMap(record => (record.kind === 'Client' ? [] : record.groups))
    assert.deepEqual(
      groups.map(({ own }) => own),
      [true, true, true],
    )
  }
})

test('TLS and tokens', { skip: withoutIstiod(), timeout: 90_000 }, async t => {
  const built = await realApiProgram()
  if ('skip' in built) return t.skip(built.skip)
  await using api = await RealApi.start(built.program)
  await api.put(namespace('dns'), namespace('istio-system'), service('backend'))
  await using istiod = await RealIstiod.start(`http://127.0.0.1:${api.port}`, true)
  const root = await rootCertificate(api)
  const watch = (token: string, said: Partial<Istiod> = {}): Watched => {
    const tls = { ca: 'root-cert.pem', serverName: 'istiod.istio-system.svc' }
    const watched = watchIstiod([istiod.secureAddress], { tls, token: 'token', namespace: 'dns', ...said })
    writeFileSync(join(watched.folder, 'root-cert.pem'), root)
    writeFileSync(join(watched.folder, 'token'), token)
    return watched
  }

  await t.test('a token that istiod accepts', async () => {
    await using watched = watch('tok:dns:istio-coredns')
    await watched.until(() => watched.feed.complete)
    assert.ok(watched.hosts.includes('backend.default.svc vips 10.96.0.10'))
    assert.deepEqual(watched.log, [])
  })

  for (const [title, token, said, words] of [
    [
      'a token that it does not accept',
      'nonsense',
      {},
      /istiod_token must name a token that is valid and for the audience istio-ca, .* and istiod must reach the API server there/,
    ],
    ['a token of another namespace', 'tok:other:somebody', {}, /namespace must be that of the service account that the token/],
    [
      'a name that its certificate is not for',
      'tok:dns:istio-coredns',
      { tls: { ca: 'root-cert.pem' } },
      /istiod_server_name must be a name that its certificate is for/,
    ],
    ['plain text', 'tok:dns:istio-coredns', { tls: undefined }, /a port that wants TLS, such as 15012, needs istiod_tls/],
  ] as const) {
    await t.test(title, async () => {
      await using watched = watch(token, said)
      await watched.until(() => words.test(watched.log.join()))
    })
  }
})
