/** A mesh, read once for all threads. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'

/** More than a thread is told of at a time. */
const HOSTS = 3000
const LAST = `h${HOSTS - 1}.mesh.example.`

const entry = (i: number) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: h${i} }
spec: { hosts: [h${i}.mesh.example], resolution: STATIC, endpoints: [{ address: 10.0.0.1 }] }
`

test('a thread that comes later answers when it knows all hosts', async () => {
  const port = await freePort()
  const corefile = (n: number) => `.:${port} {\n multisocket ${n}\n mesh mesh.example {\n  source file mesh.yaml\n }\n}\n`
  const files = { 'mesh.yaml': Array.from({ length: HOSTS }, (_, i) => entry(i)).join('---\n') }
  await using server = await startServer(corefile(2), { files })
  let rounds = Number.POSITIVE_INFINITY
  const reloaded = server.waitForLine(/Reloading complete/).then(() => {
    rounds = 5
  })
  await writeFile(join(server.folder, 'Corefile'), corefile(3))
  server.signal('SIGUSR1')
  const rcodes = new Set<string>()
  while (rounds-- > 0)
    for (const { rcode } of await Promise.all(Array.from({ length: 20 }, () => server.query(LAST)))) rcodes.add(rcode)
  await reloaded
  assert.deepEqual([...rcodes], ['NOERROR'])
})
