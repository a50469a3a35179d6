import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { endpointSlice, namespace, service } from '#test/support/kubernetes/objects.ts'
import { freePort } from '#test/support/ports.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'

const BACKEND = 'backend.default.svc.cluster.local.'
const UNKNOWN = 'gone.default.svc.cluster.local.'

const kubernetes = (url: string) => `kubernetes cluster.local {\n endpoint ${url}\n startup_timeout 300ms\n }`
const gateway = (url: string) => `k8s_gateway cluster.local {\n resources Service\n endpoint ${url}\n startup_timeout 300ms\n }`
const mesh = (file: string) => `mesh cluster.local {\n source file ${file}\n startup_timeout 300ms\n }`

const block = (label: string, source: string) => `${label} {\n ${source}\n whoami\n}\n`

async function startApi(): Promise<FakeApi> {
  const api = await FakeApi.start()
  const spec = { type: 'LoadBalancer', externalIPs: ['192.0.2.1'] }
  const annotations = { 'coredns.io/hostname': BACKEND.slice(0, -1) }
  api.put(namespace('default'), service('backend', spec, { annotations }), endpointSlice('backend', ['10.0.0.1']))
  return api
}

async function reload(server: ServerProcess, corefile: string, outcome: RegExp): Promise<string> {
  const from = server.stdout.length
  await writeFile(server.path('Corefile'), corefile)
  server.signal('SIGUSR1')
  return await server.waitForLine(outcome, { from })
}

const rcodes = (server: ServerProcess) => Promise.all([BACKEND, UNKNOWN].map(async name => (await server.query(name)).rcode))

suite('a reload does not replace what is ready by what is not', () => {
  for (const [name, before, after] of [
    ['kubernetes, elsewhere', kubernetes, kubernetes],
    ['k8s_gateway, elsewhere', gateway, gateway],
    ['another plugin', kubernetes, gateway],
    ['mesh in the place of kubernetes', kubernetes, () => mesh('nowhere')],
  ] as const)
    for (const sockets of [1, 2])
      test(`${name}, ${sockets} sockets`, async () => {
        await using api = await startApi()
        const away = `http://127.0.0.1:${await freePort()}`
        const label = `.:${await freePort()}`
        const corefile = (source: string) => block(label, `multisocket ${sockets}\n ${source}`)
        await using server = await startServer(corefile(before(api.url)))
        assert.deepEqual(await rcodes(server), ['NOERROR', 'NXDOMAIN'])
        const line = await reload(server, corefile(after(away)), /^\[ERROR\] SIGUSR1/)
        assert.match(line, /SIGUSR1: plugin\/\w+: .*Corefile:3 - not ready: .*; what was configured before stays$/)
        assert.doesNotMatch(server.output, /starting (server with|before)/)
        assert.deepEqual(await rcodes(server), ['NOERROR', 'NXDOMAIN'])
        await reload(server, corefile(`${before(api.url)}\n erratic`), /Reloading complete/)
      })

  for (const sockets of [1, 2])
    test(`more of what is known, ${sockets} sockets`, async () => {
      await using api = await startApi()
      const endpoints = [{ addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', name: 'backend-0' } }]
      api.put(service('backend', { clusterIP: 'None', clusterIPs: ['None'] }), endpointSlice('backend', [], { endpoints }))
      const label = `.:${await freePort()}`
      const corefile = (more: string) =>
        block(label, `multisocket ${sockets}\n ${kubernetes(api.url).replace('}', `${more}\n }`)}`)
      await using server = await startServer(corefile(''))
      api.script = ({ path }) => (path.endsWith('/endpointslices') ? { status: 503, body: 'not yet' } : undefined)
      await reload(server, corefile('endpoint_pod_names'), /SIGUSR1: plugin\/kubernetes: .*endpointslices.* not yet .*stays$/)
      assert.equal((await server.query(`10-0-0-1.${BACKEND}`)).rcode, 'NOERROR')
      await reload(server, corefile('ttl 7'), /Reloading complete/)
      api.script = () => undefined
      await server.waitForLine(/everything is watched again/)
      await reload(server, corefile('endpoint_pod_names'), /Reloading complete/)
      for (let i = 0; i < 8; i++) assert.equal((await server.query(`backend-0.${BACKEND}`)).rcode, 'NOERROR')
    })

  test('another server block for what is known', async () => {
    await using api = await startApi()
    const away = `http://127.0.0.1:${await freePort()}`
    const root = block('.:0', kubernetes(api.url))
    await using server = await startServer(root)
    await reload(
      server,
      root + block('cluster.local:0', kubernetes(away)),
      /SIGUSR1: plugin\/kubernetes: .*Corefile:9 - .*stays$/,
    )
    assert.deepEqual(await rcodes(server), ['NOERROR', 'NXDOMAIN'])
  })
})

test('a reload replaces what is not ready by what is not, and by what is', async () => {
  await using api = await startApi()
  const [one, other] = [await freePort(), await freePort()]
  await using server = await startServer(block('.:0', kubernetes(`http://127.0.0.1:${one}`)))
  await server.waitForLine(/starting server with unsynced Kubernetes API/)
  await reload(server, block('.:0', kubernetes(`http://127.0.0.1:${other}`)), /Reloading complete/)
  assert.equal((await server.query(UNKNOWN)).rcode, 'SERVFAIL')
  await reload(server, block('.:0', kubernetes(api.url)), /Reloading complete/)
  assert.deepEqual(await rcodes(server), ['NOERROR', 'NXDOMAIN'])
})

test('what was not ready in time is tried again by reload', async () => {
  await using api = await startApi()
  await using other = await startApi()
  other.put(namespace('other'), service('backend', {}, { namespace: 'other' }))
  other.script = () => ({ status: 503, body: 'not yet' })
  const corefile = (url: string) => block('.:0', `reload 2s 0\n ${kubernetes(url)}`)
  await using server = await startServer(corefile(api.url))
  await writeFile(server.path('Corefile'), corefile(other.url))
  const line = await server.waitForLine(/reload failed/)
  assert.match(line, /plugin\/reload: Corefile changed but reload failed: plugin\/kubernetes: .* \(next try in 2s\)$/)
  other.script = () => undefined
  await server.waitForLine(/^\[INFO\] Reloading complete/)
  assert.equal((await server.query('backend.other.svc.cluster.local.')).rcode, 'NOERROR')
})
