import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { startServer } from '#test/support/server.ts'

test('changed, broken and mended: the file as the process follows it', async () => {
  const corefile = (options: string) => `.:0 {\n reload 2s 0\n ${options}\n}\n`
  await using server = await startServer(corefile('whoami'))
  const next = async (options: string, pattern: RegExp) => {
    const from = server.stdout.length
    await writeFile(server.path('Corefile'), corefile(options))
    return await server.waitForLine(pattern, { from })
  }
  assert.match(server.output, /^\[INFO\] plugin\/reload: Running configuration SHA512 = [0-9a-f]{128}$/m)
  assert.equal((await server.query('example.org')).additional.length, 2)

  await next('hosts /dev/null {\n  192.0.2.1 example.org\n }', /Reloading complete/)
  assert.deepEqual((await server.query('example.org')).answer, ['example.org. 3600 IN A 192.0.2.1'])

  assert.match(
    await next('hosts /dev/null {', /parse failed/),
    /^\[WARNING\] plugin\/reload: Corefile parse failed: .*Corefile:\d+ - .*\(column \d+/,
  )
  assert.match(
    await next('hots /dev/null', /reload failed/),
    /^\[ERROR\] plugin\/reload: Corefile changed but reload failed: .*Corefile:3 - .*Unknown directive 'hots'.*did you mean 'hosts'/,
  )
  assert.deepEqual((await server.query('example.org')).answer, ['example.org. 3600 IN A 192.0.2.1'])

  await next('whoami', /Reloading complete/)
  assert.equal((await server.query('example.org')).additional.length, 2)
})
