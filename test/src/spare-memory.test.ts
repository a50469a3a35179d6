import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServer } from '#test/support/server.ts'

const skip =
  (process.platform !== 'linux' && 'only Linux tells') || (process.env.TEST_UDP === 'dgram' && 'only batches call functions of C')

test('what of the program was needed for the start only does not stay in memory', { skip }, async () => {
  await using server = await startServer('.:0 {\n whoami\n}\n')
  /** Octets of files in memory. */
  const resident = () => Number(/^RssFile:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))![1]) << 10
  await server.query('example.org')
  const first = resident()
  for (const deadline = performance.now() + 20_000; resident() > first / 2; await sleep(100))
    assert.ok(performance.now() < deadline, `${resident()} of ${first} octets stay`)
  for (let i = 0; i < 100; i++) assert.equal((await server.query('example.org')).rcode, 'NOERROR')
  assert.equal((await server.queryTcp('example.org')).rcode, 'NOERROR')
  server.signal('SIGUSR1')
  await server.waitForLine(/Reloading complete/)
  assert.ok(resident() < first)
})
