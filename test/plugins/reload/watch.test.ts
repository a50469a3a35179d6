import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { reload } from '#plugins/reload/index.ts'
import { Watch } from '#plugins/reload/watch.ts'
import { createLogger, pluginLogger } from '#src/log.ts'
import { Metrics } from '#src/metrics.ts'
import type { Control, Instance, ServerBlock } from '#src/plugin.ts'

/** A server whose Corefile and whose clock the test moves; a configuration's hash is its text, and `bad` ones do not parse. */
class FakeServer {
  readonly metrics = new Metrics()
  readonly lines: string[] = []
  readonly #log = createLogger('text', 'info', { write: line => this.lines.push(line.trimEnd()) })
  readonly #t: TestContext
  draining = false
  configuration = 'one'
  file = 'one'
  /** Each configuration that a reload was asked for. */
  readonly reloads: string[] = []
  /** What a reload does. */
  outcome: () => Promise<void> = async () => {}

  constructor(t: TestContext) {
    t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
    this.#t = t
  }

  get block(): ServerBlock {
    return {
      server: { metrics: this.metrics, control: this },
      log: (name?: string) => (name === undefined ? this.#log : pluginLogger(this.#log, name)),
    } as unknown as ServerBlock
  }

  readConfiguration(): string {
    if (this.file.startsWith('bad')) throw new Error(`Corefile:1 - Error during parsing: ${this.file}`)
    return this.file
  }

  reload(): Promise<void> {
    this.reloads.push(this.file)
    return this.outcome()
  }

  watch(interval = 2000): Instance {
    const watch = new Watch(interval, this.block, this as unknown as Control)
    watch.serving()
    this.#t.after(() => watch.stop())
    return watch
  }

  async tick(milliseconds: number): Promise<void> {
    this.#t.mock.timers.tick(milliseconds)
    await setImmediate()
  }

  /** An interval, and the time that a changed file must stay as it is. */
  async look(): Promise<void> {
    await this.tick(2000)
    await this.tick(100)
  }

  async metric(name: string): Promise<(readonly [string | number | undefined, number])[]> {
    const metric = Array.from(this.metrics).find(candidate => candidate.name === name)
    return ((await metric?.samples()) ?? []).map(({ labels, value }) => [labels.value, value])
  }
}

test('the running configuration is told and exported', async t => {
  const server = new FakeServer(t)
  server.watch()
  assert.deepEqual(server.lines, ['[INFO] plugin/reload: Running configuration SHA512 = one'])
  assert.deepEqual(await server.metric('coredns_reload_version_info'), [['one', 1]])
})

test('a file that has not changed is not loaded', async t => {
  const server = new FakeServer(t)
  server.watch()
  await server.look()
  await server.look()
  assert.deepEqual(server.reloads, [])
})

test('a change is loaded at the end of the interval; then the next watch takes over', async t => {
  const server = new FakeServer(t)
  const first = server.watch()
  server.file = 'two'
  await server.tick(1999)
  assert.deepEqual(server.reloads, [])
  server.outcome = async () => {
    server.configuration = 'two'
    server.watch()
    await first.stop!()
  }
  await server.tick(1)
  await server.tick(99)
  assert.deepEqual(server.reloads, [])
  await server.tick(1)
  assert.deepEqual(server.reloads, ['two'])
  assert.deepEqual(server.lines.slice(1), [
    '[INFO] Reloading',
    '[INFO] plugin/reload: Running configuration SHA512 = two',
    '[INFO] Reloading complete',
  ])
  assert.deepEqual(await server.metric('coredns_reload_version_info'), [['two', 1]])
  await server.look()
  assert.deepEqual(server.reloads, ['two'])
})

test('a file that does not parse is told and counted, and again when it has changed, or after a while', async t => {
  const server = new FakeServer(t)
  server.watch()
  for (const file of ['bad one', 'bad two', 'bad two', 'bad two', 'bad two', 'one', 'bad two']) {
    server.file = file
    await server.look()
  }
  const line = (file: string) => `[WARNING] plugin/reload: Corefile parse failed: Corefile:1 - Error during parsing: ${file}`
  assert.deepEqual(server.lines.slice(1), ['bad one', 'bad two', 'bad two', 'bad two', 'bad two'].map(line))
  assert.deepEqual(await server.metric('coredns_reload_failed_total'), [[undefined, 5]])
  assert.deepEqual(server.reloads, [])
})

test('what could not be loaded is tried again, less and less often, at least every five minutes', async t => {
  const server = new FakeServer(t)
  server.watch(30_000)
  server.outcome = () => Promise.reject(new Error('no'))
  server.file = 'two'
  await server.tick(30_000)
  const tries: number[] = []
  for (let seconds = 30; seconds <= 1800; seconds += 30) {
    const before = server.reloads.length
    await server.tick(100)
    await server.tick(29_900)
    if (server.reloads.length > before) tries.push(seconds)
  }
  assert.deepEqual(tries, [30, 60, 120, 240, 480, 780, 1080, 1380, 1680])
  assert.deepEqual(await server.metric('coredns_reload_failed_total'), [[undefined, tries.length]])
  const line = (next: string) => `[ERROR] plugin/reload: Corefile changed but reload failed: no (next try in ${next})`
  assert.deepEqual(
    server.lines.filter(text => text.startsWith('[ERROR]')),
    ['30s', '1m0s', '2m0s', '4m0s', ...Array(5).fill('5m0s')].map(line),
  )
  server.file = 'three'
  await server.tick(100)
  await server.tick(30_000)
  await server.tick(100)
  assert.deepEqual(server.reloads.slice(tries.length), ['three'], 'another file is not put off')
})

test('what could not be loaded is tried at once when it has changed', async t => {
  const server = new FakeServer(t)
  server.watch()
  server.outcome = () => Promise.reject(new Error('plugin/health: listen EADDRINUSE'))
  for (const file of ['two', 'three', 'one', 'three']) {
    server.file = file
    await server.look()
  }
  assert.deepEqual(server.reloads, ['two', 'three', 'three'])
  assert.equal(
    server.lines[2],
    '[ERROR] plugin/reload: Corefile changed but reload failed: plugin/health: listen EADDRINUSE (next try in 2s)',
  )
  assert.deepEqual(await server.metric('coredns_reload_failed_total'), [[undefined, 3]])
  assert.deepEqual(await server.metric('coredns_reload_version_info'), [['one', 1]])
})

test('what changes while a reload is under way is loaded at the next look, and only its outcome is told', async t => {
  const server = new FakeServer(t)
  server.watch()
  const { promise, reject } = Promise.withResolvers<void>()
  server.outcome = () => promise
  server.file = 'two'
  await server.look()
  await server.look()
  assert.deepEqual(server.reloads, ['two'])
  server.file = 'three'
  await server.look()
  assert.deepEqual(server.reloads, ['two', 'three'])
  reject(new Error('no'))
  await setImmediate()
  assert.equal(server.lines.filter(line => line.includes('reload failed')).length, 1)
})

test('a file that is as before again while another is being loaded is loaded, too', async t => {
  const server = new FakeServer(t)
  server.watch()
  server.outcome = () => new Promise(() => {})
  server.file = 'two'
  await server.look()
  server.file = 'one'
  await server.look()
  assert.deepEqual(server.reloads, ['two', 'one'])
})

test('a server that drains loads nothing more', async t => {
  const server = new FakeServer(t)
  server.watch()
  server.file = 'two'
  server.draining = true
  await server.look()
  assert.deepEqual(server.reloads, [])
})

test('of several watches one looks, with its interval, and the configuration is told once', async t => {
  const server = new FakeServer(t)
  server.watch(2000)
  server.watch(5000)
  server.outcome = () => Promise.reject(new Error('no'))
  server.file = 'two'
  await server.tick(4999)
  assert.deepEqual(server.reloads, [])
  await server.tick(1)
  await server.tick(100)
  assert.deepEqual(server.reloads, ['two'])
  assert.equal(server.lines.filter(line => line.includes('SHA512')).length, 1)
})

test('after the stop nothing is looked at, or exported', async t => {
  const server = new FakeServer(t)
  await server.watch().stop!()
  server.file = 'two'
  await server.look()
  assert.deepEqual(server.reloads, [])
  assert.deepEqual(await server.metric('coredns_reload_version_info'), [])
})

test('a file that is being written is left for the next look', async t => {
  const server = new FakeServer(t)
  server.watch()
  for (const [before, after] of [
    ['', 'two'],
    ['bad', 'two'],
    ['two', 'bad'],
    ['two', 'one'],
  ] as const) {
    server.file = before
    await server.tick(2000)
    server.file = after
    await server.tick(100)
  }
  assert.deepEqual([server.reloads, server.lines.length], [[], 1])
  server.file = 'two'
  await server.look()
  assert.deepEqual(server.reloads, ['two'])
})

test('the interval varies by half of the jitter in both directions', async t => {
  const server = new FakeServer(t)
  const random = t.mock.method(Math, 'random', () => 0)
  const reads = t.mock.method(server, 'readConfiguration')
  for (const [value, interval] of [
    [0, 8000],
    [0.5, 10_000],
    [0.75, 11_000],
  ] as const) {
    random.mock.mockImplementation(() => value)
    const watch = reload.create({ interval: 10_000, jitter: 4000 }, server.block)
    watch.serving!([])
    reads.mock.resetCalls()
    await server.tick(interval - 1)
    assert.equal(reads.mock.callCount(), 0)
    await server.tick(1)
    assert.equal(reads.mock.callCount(), 1)
    await watch.stop!()
  }
})
