import assert from 'node:assert/strict'
import { test } from 'node:test'
import { debug } from '#plugins/debug/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { startServer } from '#test/support/server.ts'

test('debug lines are printed with it, and only with it', async () => {
  await using server = await startServer('example.org:0 {\n local\n debug\n whoami\n}\nexample.net:0 {\n local\n whoami\n}\n')
  const [chatty = 0, quiet = 0] = server.ports
  await server.query('localhost.example.net', 'A', { port: quiet })
  await server.query('localhost.example.org', 'A', { port: chatty })
  await server.waitForLine(/^\[DEBUG\] plugin\/local: .*localhost\.example\.org\./)
  assert.doesNotMatch(server.output, /localhost\.example\.net/)
})

test('an error inside a plugin is printed with its stack, and ends nothing', async () => {
  await using server = await startInProcess('debug\nscript')
  server.script = () => {
    throw new TypeError('no such thing')
  }
  assert.equal((await server.query('example.org')).rcode, 'SERVFAIL')
  assert.match(server.lines.join('\n'), /no such thing\n\s+at .*debug\.test\.ts/)
  assert.equal((await server.query('example.org')).rcode, 'SERVFAIL')
})

test('it takes nothing', () => {
  debug.parse(directiveOf('debug\ndebug'))
  for (const lines of ['debug on', 'debug {\n level 1\n}']) {
    refuses(debug, lines)
  }
})
