/** A cluster, watched once for all threads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { kubeconfigOf } from '#test/support/kubernetes/kubeconfig.ts'
import { endpointSlice, namespace, service } from '#test/support/kubernetes/objects.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'
import { untilAll } from './clients.ts'

const BACKEND = 'backend.default.svc.cluster.local.'

const sources: Readonly<Record<string, (api: FakeApi) => string>> = {
  kubernetes: api => `kubernetes cluster.local {\n  endpoint ${api.url}\n }`,
  mesh: () => 'mesh {\n  source kubernetes kubeconfig cluster.yaml\n }',
}

for (const [name, lines] of Object.entries(sources)) {
  test(`${name}: every thread answers from the same watches, those that come later, too`, async () => {
    await using api = await FakeApi.start()
    api.put(
      namespace('default'),
      service('backend', { clusterIP: 'None', clusterIPs: ['None'] }),
      endpointSlice('backend', ['10.0.0.1']),
    )
    const [port, ready] = [await freePort(), await freePort()]
    const corefile = (n: number) => `.:${port} {\n multisocket ${n}\n ready 127.0.0.1:${ready}\n ${lines(api)}\n}\n`
    await using server = await startServer(corefile(3), { files: { 'cluster.yaml': kubeconfigOf(api.url) } })
    const answer = (address: string) => `NOERROR ${BACKEND} 5 IN A ${address}`
    await untilAll(server, BACKEND, answer('10.0.0.1'))
    api.put(endpointSlice('backend', ['10.0.0.2']))
    await untilAll(server, BACKEND, answer('10.0.0.2'))
    api.delete(service('backend', {}))
    await untilAll(server, BACKEND, 'NXDOMAIN')
    assert.equal(await (await fetch(`http://127.0.0.1:${ready}/ready`)).text(), 'OK')
    assert.equal(api.seen.filter(({ path }) => path.endsWith('/services')).length, 1)
  })
}
