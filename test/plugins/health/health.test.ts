import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { freePort } from '#test/support/ports.ts'
import { runServer, startServer } from '#test/support/server.ts'

async function get(port: number, path = '/health') {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return [response.status, await response.text()]
}

test('/health says OK, and nothing else is there', async () => {
  const port = await freePort()
  await using server = await startServer(`.:0 {\n health 127.0.0.1:${port}\n whoami\n}\n`)
  assert.deepEqual(await get(port), [200, 'OK'])
  assert.equal((await get(port, '/ready'))[0], 404)
  assert.ok(server.port > 0)
})

test('in lameduck mode DNS and /health are answered, then the process ends', async () => {
  const port = await freePort()
  await using server = await startServer(`.:0 {\n health 127.0.0.1:${port} {\n  lameduck 700ms\n }\n whoami\n}\n`)
  const start = performance.now()
  server.signal('SIGTERM')
  await server.waitForLine(/^\[INFO\] plugin\/health: Going into lameduck mode for 700ms$/)
  assert.deepEqual(await get(port), [200, 'OK'])
  assert.equal((await server.query('example.org')).rcode, 'NOERROR')
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  assert.ok(performance.now() - start >= 700)
  await assert.rejects(get(port))
})

test('without lameduck the process ends at once', async () => {
  await using server = await startServer(`.:0 {\n health 127.0.0.1:${await freePort()}\n whoami\n}\n`)
  server.signal('SIGTERM')
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  assert.doesNotMatch(server.output, /lameduck/)
})

test('a reload moves /health to another port', async () => {
  const [before, after] = [await freePort(), await freePort()]
  await using server = await startServer(`.:0 {\n health 127.0.0.1:${before}\n whoami\n}\n`)
  await writeFile(server.path('Corefile'), `.:0 {\n health 127.0.0.1:${after}\n whoami\n}\n`)
  server.signal('SIGUSR1')
  await server.waitForLine(/Reloading complete/)
  assert.deepEqual(await get(after), [200, 'OK'])
  await assert.rejects(get(before))
})

test('a port that is taken keeps the server from starting, and the line says which', async () => {
  const port = await freePort()
  const corefile = `.:0 {\n health 127.0.0.1:${port}\n whoami\n}\n`
  await using first = await startServer(corefile)
  await using second = await runServer(corefile)
  assert.deepEqual(await second.exited, { code: 1, signal: null })
  assert.match(second.stderr.join(), new RegExp(`^plugin/health: .*Corefile:\\d+ - listen EADDRINUSE.*${port}`))
  assert.deepEqual(await get(port), [200, 'OK'])
  assert.ok(first.port > 0)
})
