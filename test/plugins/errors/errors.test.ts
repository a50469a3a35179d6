import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errors } from '#plugins/errors/index.ts'
import { failure, refused, type ServerBlock } from '#src/plugin.ts'
import { directiveOf } from '#test/support/directive.ts'
import { type InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { startServer } from '#test/support/server.ts'

test('a reply with a cause is a line with rcode, name, type and cause', async () => {
  await using server = await startInProcess('errors\nscript')
  server.script = () => failure(new Error('no healthy upstream'))
  await server.query('Example.org')
  server.script = async () => refused('too many')
  await server.query('_a._tcp.example.org', 'SRV')
  assert.deepEqual(server.lines, [
    '[ERROR] plugin/errors: 2 example.org. A: no healthy upstream',
    '[ERROR] plugin/errors: 5 _a._tcp.example.org. SRV: too many',
  ])
})

test('a reply without a cause is none', async () => {
  await using server = await startInProcess('errors\nscript')
  server.script = () => refused()
  await server.query('example.org')
  assert.deepEqual(server.lines, [])
})

test('neither a name nor a message can begin a line of its own', async () => {
  await using server = await startInProcess('errors\nscript')
  server.script = () => failure(new Error('first\r\n[ERROR] second\u0085third'))
  await server.query('a\\010\\[ERROR\\].__proto__.example.org')
  assert.deepEqual(server.lines, ['[ERROR] plugin/errors: 2 a\\010[error].__proto__.example.org. A: first [ERROR] second third'])
})

test('what is thrown below is reported', async () => {
  await using server = await startInProcess('errors\nscript')
  server.script = () => {
    throw new TypeError('no such thing')
  }
  assert.equal((await server.query('example.org')).rcode, 'SERVFAIL')
  assert.ok(server.lines.includes('[ERROR] plugin/errors: 2 example.org. A: no such thing'), server.lines.join('\n'))
})

test('stacktrace adds the stack of what is thrown', async () => {
  await using server = await startInProcess('errors {\n stacktrace\n}\nscript')
  server.script = () => {
    throw new TypeError('no such thing')
  }
  await server.query('example.org')
  assert.match(server.lines.join('\n'), /no such thing\n\s+at .*errors\.test\.ts/)
})

test('stacktrace is not set where it is not named', () => {
  const block = { log: () => {}, stacktrace: false } as unknown as ServerBlock
  errors.create(errors.parse(directiveOf('errors')), block)
  assert.equal(block.stacktrace, false)
  errors.create(errors.parse(directiveOf('errors {\n stacktrace\n}')), block)
  assert.equal(block.stacktrace, true)
})

test('errors that are consolidated are counted, the first pattern takes them, and what is pending is printed at the end', async () => {
  let ended: InProcessServer
  {
    await using server = await startInProcess(
      'errors {\n consolidate 1h timeout$ warning\n consolidate 5m ^read info show_first\n consolidate 5m unused\n}\nscript',
    )
    for (const message of ['read timeout', 'read refused', 'write timeout', 'read reset', 'other']) {
      server.script = () => failure(new Error(message))
      await server.query('example.org')
    }
    assert.deepEqual(server.lines, [
      '[INFO] plugin/errors: 2 example.org. A: read refused',
      '[ERROR] plugin/errors: 2 example.org. A: other',
    ])
    ended = server
  }
  assert.deepEqual(ended.lines.slice(2), [
    "[WARNING] plugin/errors: 2 errors like 'timeout$' occurred in last 1h0m0s",
    "[INFO] plugin/errors: 2 errors like '^read' occurred in last 5m0s",
  ])
})

test('the process prints it, and what is pending when it is told to end', async () => {
  await using server = await startServer('.:0 {\n errors {\n  consolidate 1h no.next\n }\n}\nexample.org:0 {\n errors\n}\n')
  const [rootPort = 0, port = 0] = server.ports
  assert.equal((await server.query('example.org', 'A', { port })).rcode, 'SERVFAIL')
  await server.waitForLine(/^\[ERROR\] plugin\/errors: 2 example\.org\. A: plugin\/errors: no next plugin found$/)
  for (let i = 0; i < 3; i++) await server.query('example.net', 'AAAA', { port: rootPort })
  server.signal('SIGTERM')
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  assert.ok(server.stdout.includes("[ERROR] plugin/errors: 3 errors like 'no.next' occurred in last 1h0m0s"), server.output)
})
