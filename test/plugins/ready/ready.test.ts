import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ready } from '#plugins/ready/index.ts'
import { createLogger, pluginLogger } from '#src/log.ts'
import type { HttpHandler, ServerBlock } from '#src/plugin.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'

/** *ready* in a server whose other plugins are as ready as the test says. */
async function readiness({ continuously = false, serving = true } = {}) {
  const lines: string[] = []
  const log = createLogger('text', 'info', { write: line => lines.push(line.trimEnd()) })
  let handler: HttpHandler | undefined
  const control = {
    draining: false,
    unready: async (word: string) => (word === 'ready' ? state.unready : []),
    serve: async (address: string, path: string, answer: HttpHandler) => {
      assert.deepEqual([address, path], [':8181', '/ready'])
      handler = answer
      return async () => {
        handler = undefined
      }
    },
  }
  const state = { unready: [] as { plugin: string; reason: string }[] }
  const block = { server: { control }, log: (name: string) => pluginLogger(log, name) } as unknown as ServerBlock
  const instance = ready.create({ address: ':8181', continuously }, block)
  await instance.start!(new AbortController().signal)
  if (serving) instance.serving!([])
  return {
    instance,
    lines,
    control,
    /** The answer while these plugins are not ready. */
    ask: async (...plugins: readonly string[]) => {
      state.unready = plugins.map(plugin => ({ plugin, reason: `waits for ${plugin}` }))
      return String((await handler!(new URLSearchParams())).body)
    },
  }
}

test('the first line names the plugins as CoreDNS does, the others say what each waits for', async () => {
  const { ask, lines } = await readiness()
  assert.equal(
    await ask('mesh', 'kubernetes', 'mesh'),
    'kubernetes,mesh\nmesh: waits for mesh\nkubernetes: waits for kubernetes\nmesh: waits for mesh',
  )
  assert.deepEqual(lines, ['[INFO] plugin/ready: Plugins not ready: "kubernetes,mesh"'])
  assert.equal(await ask(), 'OK')
})

test('until-ready: what has been ready once is not asked again', async () => {
  const { ask } = await readiness()
  assert.match(await ask('a', 'b'), /^a,b\n/)
  assert.match(await ask('b'), /^b\n/)
  assert.match(await ask('a', 'b'), /^b\n/)
  assert.equal(await ask('a'), 'OK')
  assert.equal(await ask('a', 'b', 'c'), 'OK')
})

test('continuously: everything is asked each time', async () => {
  const { ask } = await readiness({ continuously: true })
  assert.equal(await ask(), 'OK')
  assert.match(await ask('a'), /^a\n/)
  assert.equal(await ask(), 'OK')
})

test('what is asked before the Corefile serves counts for nothing later', async () => {
  const { ask, instance } = await readiness({ serving: false })
  assert.match(await ask('starting'), /^starting\n/)
  assert.equal(await ask(), 'OK')
  instance.serving!([])
  assert.match(await ask('a'), /^a\n/)
})

test('while the server drains, nothing else matters', async () => {
  const { ask, control } = await readiness()
  assert.equal(await ask(), 'OK')
  control.draining = true
  assert.equal(await ask(), 'Shutting down')
})

test('/ready answers while plugins are waited for, and 503 from SIGTERM on', async () => {
  const [healthPort, port] = [await freePort(), await freePort()]
  await using server = await startServer(
    `.:0 {\n health 127.0.0.1:${healthPort} {\n  lameduck 600ms\n }\n ready 127.0.0.1:${port}\n whoami\n}\n`,
  )
  const get = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/ready`)
    return [response.status, await response.text()]
  }
  assert.deepEqual(await get(), [200, 'OK'])
  server.signal('SIGTERM')
  await server.waitForLine(/lameduck/)
  assert.deepEqual(await get(), [503, 'Shutting down'])
  assert.equal((await server.query('example.org')).rcode, 'NOERROR')
  assert.deepEqual(await server.exited, { code: 0, signal: null })
})
