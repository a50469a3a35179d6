import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { runServer, startServer } from './server.ts'

test('several blocks on port 0 listen, answer over UDP and TCP, and are gone with their folder when stopped', async () => {
  await using server = await startServer('example.org:0 {\n  whoami\n}\nexample.net:0 {\n  whoami\n  debug\n}\n', {
    files: { 'sub/file': 'content' },
  })
  assert.equal(server.ports.length, 2)
  assert.ok(existsSync(server.path('sub/file')))
  for (const [i, zone] of ['example.org', 'example.net'].entries()) {
    const { rcode, question } = await server.query(zone, 'A', { port: server.ports[i]! })
    assert.deepEqual([rcode, question], ['NOERROR', `${zone}. IN A`])
  }
  assert.equal((await server.queryTcp('example.org')).rcode, 'NOERROR')
  await server.stop()
  assert.deepEqual(await server.exited, { code: null, signal: 'SIGKILL' })
  assert.ok(!existsSync(server.folder))
})

test('a server that does not start is an error with its output', async () => {
  await assert.rejects(startServer('. {\n  nonsense\n}\n'), /Unknown directive 'nonsense'/)
})

test('a command that ends by itself leaves its exit code and lines', async () => {
  await using command = await runServer('', { args: ['-version'] })
  assert.deepEqual(await command.exited, { code: 0, signal: null })
  assert.match(command.stdout[0]!, /^istio-coredns-\d/)
})

test('a line that does not come is an error', async () => {
  await using server = await startServer('.:0 {\n}\n')
  await assert.rejects(server.waitForLine(/never/, { timeout: 10 }), /no line \/never\/ within 10 ms/)
})

test('a command that cannot be run has ended, and why is among its lines', async () => {
  await using command = await runServer('', { cwd: '/nonexistent' })
  assert.equal((await command.exited).signal, null)
  assert.match(command.output, /ENOENT/)
  await assert.rejects(command.waitForLine(/never/), /ended without a line .never.\n.*ENOENT/)
})
