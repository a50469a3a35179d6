import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metadata } from '#plugins/metadata/index.ts'
import { objects } from '#test/plugins/kubernetes/objects.ts'
import { refuses } from '#test/support/directive.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { zone } from '#test/support/scripts.ts'
import { startUpstream } from '#test/support/upstream.ts'

const FIELDS = ['kind', 'namespace', 'service', 'endpoint', 'port-name', 'protocol', 'cluster', 'zone', 'parse-error']

const names: readonly (readonly [name: string, told: string])[] = [
  ['cluster.local', '- - - - - - - - -'],
  ['svc.cluster.local', '- - - - - - - - -'],
  ['shop.svc.cluster.local', 'svc shop - - - - - - -'],
  ['Backend.default.svc.cluster.local', 'svc default backend - - - - - -'],
  ['gone.nowhere.svc.cluster.local', 'svc nowhere gone - - - - - -'],
  ['db-0.db.default.svc.cluster.local', 'svc default db db-0 - - - - -'],
  ['_sql._tcp.db.default.svc.cluster.local', 'svc default db - sql tcp - - -'],
  ['a.1.pin._zone.zoned.default.svc.cluster.local', 'svc default zoned - - - - a.1 -'],
  ['10-244-0-1.default.pod.cluster.local', 'pod default 10-244-0-1 - - - - - -'],
  ['a\\010b.default.svc.cluster.local', 'svc default a\\010b - - - - - -'],
  ['node-0.east.spread.default.svc.clusterset.local', 'svc default spread node-0 - - east - -'],
  ['a.b.c.d.default.svc.clusterset.local', '- - - - - - - - invalid query name'],
  ['www.cluster.local', '- - - - - - - - invalid query name'],
  ['www.example.org', '- - - - - - - - -'],
] // biome-ignore format: a table

const kubernetes = (api: FakeApi) => `
kubernetes cluster.local clusterset.local {
  endpoint ${api.url}
  pods verified
  zonal
  multicluster clusterset.local
}`

test('what kubernetes tells of a name', async () => {
  await using api = await FakeApi.start()
  api.put(...objects)
  const format = FIELDS.map(field => `{/kubernetes/${field}}`).join(' ')
  await using server = await startInProcess(`metadata\nlog . "${format}"${kubernetes(api)}\nscript`)
  for (const [name, told] of names) {
    await server.query(name)
    assert.deepEqual([name, server.lines.at(-1)], [name, `[INFO] ${told}`])
  }
})

test('the Pod that asks is told', async () => {
  await using api = await FakeApi.start()
  api.put(...objects)
  await using server = await startInProcess(
    `metadata\nlog . "{/kubernetes/client-namespace} {/kubernetes/client-pod-name} {/kubernetes/client-label/app} {/none/such}"${kubernetes(api)}\nscript`,
  )
  await server.query('www.example.org')
  assert.equal(server.lines.at(-1), '[INFO] default client - -')
})

test('forward tells who answered, cache nothing; without metadata nobody tells', async () => {
  await using upstream = await startUpstream(zone('www.example.org. 60 IN A 192.0.2.1'))
  const lines = (word: string) =>
    `${word}\nlog . "{name} {/forward/upstream} {/log/class}"\ncache\nforward . 127.0.0.1:${upstream.port}`
  await using server = await startInProcess(lines('metadata example.org'))
  for (const name of ['www.example.org', 'www.example.org', 'www.example.net']) await server.query(name)
  assert.deepEqual(server.lines.slice(-3), [
    `[INFO] www.example.org. 127.0.0.1:${upstream.port} success`,
    '[INFO] www.example.org. - success',
    '[INFO] www.example.net. - denial',
  ])
  await using without = await startInProcess(lines(''))
  await without.query('www.example.org')
  assert.equal(without.lines.at(-1), '[INFO] www.example.org. - success')
})

test('where nobody answers, the upstream that was asked last is told', async () => {
  await using server = await startInProcess('metadata\nlog . "{rcode} {/forward/upstream}"\nforward . 127.0.0.1:1')
  await server.query('www.example.org')
  assert.equal(server.lines.at(-1), '[INFO] SERVFAIL 127.0.0.1:1')
})

test('mistakes are named', () => {
  for (const lines of ['metadata {\n a\n}', 'metadata a..b', 'metadata\nmetadata']) refuses(metadata, lines)
})
