import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startInProcess } from '#test/support/in-process.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { kubeconfigOf } from '#test/support/kubernetes/kubeconfig.ts'
import { endpointSlice, service } from '#test/support/kubernetes/objects.ts'
import { until } from '#test/support/waiting.ts'
import { backend } from './manifests.ts'

test('each source has its metrics, as long as it is in use', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [one, other] = [join(folder, 'one.yaml'), join(folder, 'other.yaml')]
  writeFileSync(one, backend(['10.1.0.1', '10.1.0.2']))
  writeFileSync(other, `${backend(['10.1.0.3'], 'other')}kind: 7\n---\nkind: 8\n`)
  await using server = await startInProcess(`mesh {\nsource file ${one}\nsource file ${other}\n}`)
  const values = async (source: string) => {
    const names = ['hosts', 'endpoints', 'rejected_documents_total']
    return Promise.all(names.map(name => server.metric(`coredns_mesh_${name}`, { source: `file ${source}` })))
  }
  assert.deepEqual(await values(one), [1, 2, 0])
  assert.deepEqual(await values(other), [1, 1, 2])
  assert.equal(await server.metric('coredns_mesh_objects', { source: `file ${one}`, kind: 'EndpointSlice' }), 1)
  const age = await server.metric('coredns_mesh_data_age_seconds', { source: `file ${one}` })
  assert.ok(age !== undefined && age >= 0 && age < 5, String(age))
  await server.server.shutdown()
  assert.deepEqual(await values(one), [undefined, undefined, undefined])
})

test('of a cluster, the delay of changes is measured from what led to them', async t => {
  await using api = await FakeApi.start()
  const folder = mkdtempSync(join(tmpdir(), 'mesh-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'one.yaml')
  writeFileSync(file, kubeconfigOf(api.url))
  const since = (seconds: number, address: string) => {
    const time = new Date(Date.now() - 1000 * seconds).toISOString()
    const { metadata, ...slice } = endpointSlice('backend', [address])
    return {
      ...slice,
      metadata: { ...metadata!, annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': time } },
    }
  }
  api.put(service('backend'), since(3600, '10.0.0.1'))
  await using server = await startInProcess(`mesh {\nsource kubernetes kubeconfig ${file}\n}`)
  const source = `kubernetes kubeconfig ${file}`
  const delays = (part: string) => server.metric(`coredns_mesh_change_delay_seconds_${part}`, { source })
  assert.equal(await delays('count'), undefined, 'what was there at first is no change')
  api.put(since(60, '10.0.0.2'))
  await until(async () => (await delays('count')) !== undefined)
  assert.equal(await delays('count'), 1)
  const sum = (await delays('sum'))!
  assert.ok(sum >= 60 && sum < 65, `${sum}`)
  // The other machine's clock is ahead.
  api.put(since(-60, '10.0.0.3'))
  await until(async () => (await delays('count')) === 2)
  assert.equal(await delays('sum'), sum)
  const objects = ['Service', 'EndpointSlice', 'ServiceEntry', 'Pod'].map(kind =>
    server.metric('coredns_mesh_objects', { source, kind }),
  )
  assert.deepEqual(await Promise.all(objects), [1, 1, 0, undefined])
})
