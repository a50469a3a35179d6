import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadSource } from '#src/feeds/thread-feed.ts'
import type { MeshRecord } from '#src/registry/record.ts'
import { service, Watched } from './watching.ts'

const many = Array.from({ length: 950 }, (_, i) => service(`s${i}`)).join('')

test('hundreds of hosts come in portions, and a later subscriber is told them all', async () => {
  await using watched = new Watched({ 'a.yaml': many })
  await watched.until(() => watched.feed.complete)
  assert.equal(watched.feed.records.size, 950)
  const told = new Map<string, MeshRecord>()
  const subscriber = (id: string, record: MeshRecord | undefined) => {
    if (record) told.set(id, record)
    else told.delete(id)
  }
  const replayed = watched.feed.subscribe(subscriber)
  assert.ok(told.size < 950, 'the event loop gets its turns meanwhile')
  await replayed
  assert.deepEqual(told, watched.feed.records)

  watched.write('a.yaml', many.replace('name: s7 ', 'name: other '))
  await watched.until(() => watched.feed.records.has('Service default/other'))
  assert.deepEqual(told, watched.feed.records)
  watched.feed.unsubscribe(subscriber)
  watched.write('a.yaml', many)
  await watched.until(() => !watched.feed.records.has('Service default/other'))
  assert.ok(told.has('Service default/other'))
})

test('a thread that fails is started again, and what it held is kept until the new one knows better', async () => {
  const runs = new Int32Array(new SharedArrayBuffer(4))
  const worker = new URL('./crashing.ts', import.meta.url)
  await using watched = new Watched({}, () => threadSource({ key: 'crashing', name: 'crashing', worker, data: { runs } }))
  await watched.until(() => watched.log.some(text => /crashing: the feed has failed and starts again in 1 s/.test(text)))
  assert.ok(watched.log.some(text => /for a test/.test(text)))
  assert.deepEqual(watched.hosts, ['one.', 'two.'])
  await watched.until(() => watched.removed.length > 0)
  assert.deepEqual([watched.hosts, watched.removed], [['one.'], ['two']])
})
