import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startInProcess } from '#test/support/in-process.ts'
import { backend } from './manifests.ts'

test('each source has its metrics, as long as it is in use', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [one, other] = [join(folder, 'one.yaml'), join(folder, 'other.yaml')]
  writeFileSync(one, backend(['10.1.0.1', '10.1.0.2']))
  writeFileSync(other, `${backend(['10.1.0.3'], 'other')}kind: 7\n---\nkind: 8\n`)
  const server = await startInProcess(`mesh {\nsource file ${one}\nsource file ${other}\n}`)
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
