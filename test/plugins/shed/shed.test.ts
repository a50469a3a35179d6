import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shed } from '#plugins/shed/index.ts'
import { refuses } from '#test/support/directive.ts'
import { runServer } from '#test/support/server.ts'

test('it takes nothing', () => {
  refuses(shed, 'shed 5')
  refuses(shed, 'shed {\n max 5\n}')
  refuses(shed, 'shed\nshed', /once/)
})

test('where one listener is no plain one, the server does not start', async () => {
  await using server = await runServer('.:0 grpc://.:0 {\n shed\n whoami\n}\n')
  assert.equal((await server.exited).code, 1)
  assert.match(
    server.stderr.join('\n'),
    /^plugin\/shed: \S+Corefile:2 - only plain DNS server blocks are supported, and this one has grpc:\/\/:0$/m,
  )
})
