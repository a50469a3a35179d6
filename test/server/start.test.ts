import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { suite, test } from 'node:test'
import { freePort } from '#test/support/ports.ts'
import { runServer, startServer } from '#test/support/server.ts'

suite('a plugin that cannot start is told at once, whatever others wait for', () => {
  for (const sockets of [1, 2]) {
    /** *mesh* waits for an istiod that is not there, and *health* for nothing. */
    const corefile = async (port: number) => `.:0 {
  bind 127.0.0.1
  multisocket ${sockets}
  health 127.0.0.1:${port}
  mesh cluster.local {
    source istiod 127.0.0.1:${await freePort()}
    startup_timeout 2m
  }
}
`
    test(`at the start of ${sockets} threads`, async () => {
      await using holder = createServer().listen(0, '127.0.0.1')
      await once(holder, 'listening')
      const { port } = holder.address() as AddressInfo
      await using server = await runServer(await corefile(port))
      assert.match(await server.waitForLine(/EADDRINUSE/), /^plugin\/health: .*:4 - listen EADDRINUSE: .*$/)
      assert.deepEqual(await server.exited, { code: 1, signal: null })
      assert.doesNotMatch(server.output, /starting before all sources/)
    })

    test(`at a reload of ${sockets} threads`, async () => {
      await using holder = createServer().listen(0, '127.0.0.1')
      await once(holder, 'listening')
      const { port } = holder.address() as AddressInfo
      const before = `.:0 {\n bind 127.0.0.1\n multisocket ${sockets}\n whoami\n}\n`
      await using server = await startServer(before)
      await writeFile(server.path('Corefile'), await corefile(port))
      server.signal('SIGUSR1')
      await server.waitForLine(/^\[ERROR\] SIGUSR1: plugin\/health: .*EADDRINUSE/)
      assert.equal((await server.query('example.org')).rcode, 'NOERROR')
      await writeFile(server.path('Corefile'), before)
      server.signal('SIGUSR1')
      await server.waitForLine(/^\[INFO\] Reloading complete$/)
      assert.doesNotMatch(server.output, /starting before all sources/)
    })
  }
})
