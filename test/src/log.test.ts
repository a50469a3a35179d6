import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { createLogger, type LogFormat, pluginLogger } from '#src/log.ts'

function capture(format: LogFormat) {
  const lines: string[] = []
  return { lines, log: createLogger(format, 'info', { write: line => lines.push(line) }) }
}

test('lines are those of CoreDNS', () => {
  const { lines, log } = capture('text')
  log.info('Reloading')
  const health = pluginLogger(log, 'health')
  health.warn('slow')
  health.error('100 %d of %s')
  health.fatal('gone')
  health.debug('unseen')
  health.level = 'debug'
  health.debug('seen')
  assert.deepEqual(lines, [
    '[INFO] Reloading\n',
    '[WARNING] plugin/health: slow\n',
    '[ERROR] plugin/health: 100 %d of %s\n',
    '[FATAL] plugin/health: gone\n',
    '[DEBUG] plugin/health: seen\n',
  ])
})

test('an object or nothing in the place of a text harms nobody', () => {
  const { lines, log } = capture('text')
  log.warn({ took: 2 })
  log.warn(undefined)
  assert.deepEqual(lines, ['[WARNING] \n', '[WARNING] \n'])
})

test('a text with newlines and other control characters makes one line, but for the calls of a stack', () => {
  const { lines, log } = capture('text')
  log.warn('rejected: spans\r\n[ERROR] forged \u001b[31mred\u009b1m\0')
  log.error('Error: a\nb\n    at one (file.ts:1)\n    at two (file.ts:2)')
  assert.deepEqual(lines, [
    '[WARNING] rejected: spans [ERROR] forged  [31mred 1m \n',
    '[ERROR] Error: a b\n    at one (file.ts:1)\n    at two (file.ts:2)\n',
  ])
})

test('JSON lines name level, time and plugin', () => {
  const { lines, log } = capture('json')
  pluginLogger(log, 'health').warn({ took: 2 }, 'slow')
  const { time, ...rest } = JSON.parse(lines[0]!)
  assert.deepEqual(rest, { level: 'WARN', plugin: 'health', took: 2, msg: 'slow' })
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000)
})

/** A process that runs `script` with `log` at hand. */
function run(script: string, kind: 'socket' | 'pipe' = 'socket') {
  const source = `
    import { createLogger } from ${JSON.stringify(new URL('../../src/log.ts', import.meta.url))}
    const log = createLogger('text')
    ${script}`
  const inner = ['--input-type=module', '-e', source]
  // Node's own pipes are sockets.
  const [command, args] =
    kind === 'socket' ? [process.execPath, inner] : ['sh', ['-c', '"$0" "$@" | cat', process.execPath, ...inner]]
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
}

for (const kind of ['socket', 'pipe'] as const) {
  test(`what is pending is written when the process ends, in its order: ${kind}`, async () => {
    using child = run("for (let i = 0; i < 100_000; i++) log.info('line ' + i); process.exit(0)", kind)
    const lines = (await text(child.stdout)).trimEnd().split('\n')
    assert.deepEqual(
      lines,
      Array.from({ length: 100_000 }, (_, i) => `[INFO] line ${i}`),
    )
  })
}

test('a line is written soon, though no other comes', async () => {
  using child = run("log.info('alone'); setTimeout(() => {}, 60_000)")
  assert.equal(String((await once(child.stdout, 'data'))[0]), '[INFO] alone\n')
})

test('a reader that goes away does not end the process', async () => {
  using child = run(`
    setInterval(() => log.info('x'), 1)
    process.on('SIGTERM', () => process.exit(3))
    process.stderr.write('up')`)
  await once(child.stderr, 'data')
  child.stdout.destroy()
  await once(child.stdout, 'close')
  const early = once(child, 'exit')
  const late = Promise.withResolvers<void>()
  setTimeout(late.resolve, 200)
  assert.equal(await Promise.race([early, late.promise]), undefined)
  child.kill('SIGTERM')
  assert.deepEqual(await early, [3, null])
})

for (const kind of ['socket', 'pipe'] as const) {
  test(`a reader that stalls loses lines, not the process, and is told so: ${kind}`, async () => {
    using child = run(
      `
    let rounds = 0
    const round = () => {
      for (let i = 0; i < 1000; i++) log.info('x'.repeat(100))
      if (++rounds < 150) setImmediate(round)
      else process.stderr.write('done')
    }
    round()`,
      kind,
    )
    await once(child.stderr, 'data')
    const lines = (await text(child.stdout)).trimEnd().split('\n')
    const lost = Number(/^\[WARNING\] (\d+) lines of the log were dropped/.exec(lines.at(-1)!)?.[1])
    assert.equal(lines.length - 1 + lost, 150_000)
    assert.ok(lost > 0)
  })
}
