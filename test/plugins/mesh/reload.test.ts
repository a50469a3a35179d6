import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { feeds } from '#src/feeds/feeds.ts'
import { InProcessServer } from '#test/support/in-process.ts'
import { BACKEND, backend } from './manifests.ts'

const folder = mkdtempSync(join(tmpdir(), 'mesh-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'mesh.yaml')
const write = (...addresses: readonly string[]) => writeFileSync(file, backend(addresses))

const block = (zone: string, options = '') =>
  `${zone}:0 {\n  mesh cluster.local {\n    source file ${file}\n    ${options}\n  }\n}\n`

test('blocks and reloads share one feed, and it ends with the last of them', async () => {
  write('10.1.0.1')
  const server = new InProcessServer(block('cluster.local') + block('svc.cluster.local'))
  await server.server.start()
  const [feed, ...others] = feeds.all
  assert.deepEqual(others, [])

  server.corefile = block('cluster.local', 'ttl 7')
  await server.server.reload()
  assert.deepEqual(feeds.all, [feed])
  assert.deepEqual((await server.query(BACKEND)).answer, [`${BACKEND} 7 IN A 10.1.0.1`])

  server.corefile = block('cluster.local', 'ttl 8').replace(file, folder)
  await server.server.reload()
  assert.equal(feeds.all.length, 1)
  assert.notEqual(feeds.all[0], feed)
  await server.server.shutdown()
  assert.deepEqual(feeds.all, [])
})

test('a source that cannot be read does not take the place of one that is known', async () => {
  write('10.1.0.1')
  await using server = new InProcessServer(block('cluster.local'))
  await server.server.start()
  const [feed] = feeds.all
  server.corefile = block('cluster.local', 'startup_timeout 10ms').replace(file, `${file}x`)
  await assert.rejects(server.server.reload(), /not ready: waiting for source file .*x.*; what was configured before stays/)
  assert.deepEqual(feeds.all, [feed])
  assert.deepEqual((await server.query(BACKEND)).answer, [`${BACKEND} 5 IN A 10.1.0.1`])
  server.corefile = block('cluster.local', 'ttl 7')
  await server.server.reload()
  assert.deepEqual((await server.query(BACKEND)).answer, [`${BACKEND} 7 IN A 10.1.0.1`])
})

test('no query finds anything missing while reloads follow each other and addresses change', async () => {
  write('10.1.0.1')
  await using server = new InProcessServer(block('cluster.local'))
  await server.server.start()
  let going = true
  const asking = (async () => {
    const seen = new Set<string>()
    while (going) {
      const { rcode, answer } = await server.query(BACKEND)
      seen.add(`${rcode} ${answer.length}`)
    }
    return seen
  })()
  for (let i = 1; i <= 10; i++) {
    write(`10.1.0.${i}`)
    server.corefile = block('cluster.local', `ttl ${i}`)
    await server.server.reload()
  }
  going = false
  assert.deepEqual(await asking, new Set(['NOERROR 1']))
})
