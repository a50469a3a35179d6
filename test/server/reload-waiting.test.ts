import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'

const SOURCES = {
  kubernetes: (url: string) => `kubernetes cluster.local {\n endpoint ${url}\n startup_timeout 10m\n }`,
  k8s_gateway: (url: string) => `k8s_gateway cluster.local {\n endpoint ${url}\n startup_timeout 10m\n }`,
  mesh: () => 'mesh cluster.local {\n source file nowhere\n startup_timeout 10m\n }',
}

const corefile = (more: string, threads = 1) => `.:0 {\n multisocket ${threads}\n reload 2s 0\n whoami\n ${more}\n}\n`

/** A server that has begun to load a Corefile with `source`, in three threads, and waits. */
async function startWaiting(source: string): Promise<ServerProcess> {
  const server = await startServer(corefile(''))
  await writeFile(server.path('Corefile'), corefile(source, 3))
  server.signal('SIGUSR1')
  await server.waitForLine(/^\[INFO\] Reloading/)
  return server
}

/** A reload by a signal, which goes through. */
async function reload(server: ServerProcess, text: string): Promise<void> {
  const from = server.stdout.length
  await writeFile(server.path('Corefile'), text)
  server.signal('SIGUSR1')
  await server.waitForLine(/Reloading complete/, { from })
}

suite('a Corefile whose source keeps it waiting', () => {
  for (const [name, source] of Object.entries(SOURCES)) {
    test(`${name}: gives way to a newer one, and leaves nothing behind`, async () => {
      await using api = await FakeApi.start()
      api.script = () => 'deaf'
      await using server = await startWaiting(source(api.url))
      const open = () => readdirSync(`/proc/${server.child.pid}/fd`).length
      await until(() => name === 'mesh' || api.seen.length > 0)
      await reload(server, corefile('loadbalance'))
      const before = open()
      await writeFile(server.path('Corefile'), corefile(source(api.url), 3))
      server.signal('SIGUSR1')
      const seen = api.seen.length
      await until(() => name === 'mesh' || api.seen.length > seen)
      await reload(server, corefile('loadbalance'))
      await until(() => open() <= before)
      assert.equal((await server.query('example.org')).rcode, 'NOERROR')
    })

    test(`${name}: does not hold SIGTERM up`, async () => {
      await using api = await FakeApi.start()
      api.script = () => 'deaf'
      await using server = await startWaiting(source(api.url))
      await until(() => name === 'mesh' || api.seen.length > 0)
      server.signal('SIGTERM')
      assert.deepEqual(await server.exited, { code: 0, signal: null })
    })
  }

  test('reload finds the newer one', async () => {
    await using server = await startServer(corefile(''))
    await writeFile(server.path('Corefile'), corefile(SOURCES.mesh()))
    await server.waitForLine(/^\[INFO\] Reloading$/)
    await writeFile(server.path('Corefile'), corefile('loadbalance'))
    await server.waitForLine(/^\[INFO\] Reloading complete$/)
    assert.equal((await server.query('example.org')).rcode, 'NOERROR')
  })
})
