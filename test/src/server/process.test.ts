import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseCorefile } from '#src/corefile/tree.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { createLogger } from '#src/log.ts'
import { answer, type Instance, type Plugin, type Server } from '#src/plugin.ts'
import { DnsServer } from '#src/server/process.ts'
import { askUdp } from '#test/support/client.ts'
import { loaded } from '#test/support/loaded.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { until } from '#test/support/waiting.ts'

/** A server with one plugin, *probe NAME*, whose every step is written down, and goes as the test wants. */
class Probed implements AsyncDisposable {
  corefile = '.:0 {\n probe 1\n}\n'
  readonly steps: string[] = []
  /** What the steps wait for, by `NAME step`. */
  readonly held = new Map<string, Promise<unknown>>()
  #shutdown: Promise<void> | undefined
  readonly #holds: PromiseWithResolvers<void>[] = []
  server: Server | undefined
  readonly process: DnsServer

  constructor() {
    const plugin: Plugin<string> = {
      name: 'probe',
      waits: true,
      parse: directive => directive.once().text('NAME'),
      create: (name, block) => {
        this.server = block.server
        return this.#instance(name)
      },
    }
    this.process = new DnsServer({
      version: 'test',
      plugins: [loaded(plugin)],
      port: 0,
      log: createLogger('text', 'info', { write() {} }),
      logFormat: 'text',
      udp: 'dgram',
      readCorefile: () => parseCorefile(this.corefile, 'Corefile'),
    })
  }

  #instance(name: string): Instance & { name: string } {
    const step = async (what: string): Promise<void> => {
      this.steps.push(`${name} ${what}`)
      await this.held.get(`${name} ${what}`)
    }
    return {
      name,
      wrap: () => async () => {
        await step('answer')
        return answer(NO_RECORDS)
      },
      adopt: previous => this.steps.push(`${name} adopt ${(previous as unknown as { name: string }).name}`),
      start: async signal => {
        await Promise.race([step('start'), once(signal, 'abort')])
      },
      serving: listeners => this.steps.push(`${name} serving ${listeners.length}`),
      ready: () => (this.held.has(`${name} ready`) ? 'waiting' : true),
      drain: () => step('drain'),
      stop: () => step('stop'),
    }
  }

  /** Holds a step up. @returns what lets it go on */
  hold(step: string): PromiseWithResolvers<void> {
    const held = Promise.withResolvers<void>()
    held.promise.catch(() => {})
    this.#holds.push(held)
    this.held.set(step, held.promise)
    return held
  }

  reload(name: string): Promise<void> {
    this.corefile = this.corefile.replace(/probe \d+/g, `probe ${name}`)
    return this.process.reload()
  }

  /** Starts, and then a reload, which waits until `starting` is settled. */
  async startReload(): Promise<{ starting: PromiseWithResolvers<void>; reloaded: Promise<void> }> {
    await this.process.start()
    const starting = this.hold('2 start')
    const reloaded = this.reload('2')
    await this.came('2 start')
    return { starting, reloaded }
  }

  async ask(): Promise<string> {
    return readAnswer(await askUdp(queryMessage('example.org', 'A'), { port: this.process.zones[0]!.port })).rcode
  }

  async came(step: string): Promise<void> {
    await until(() => this.steps.includes(step))
  }

  shutdown(): Promise<void> {
    this.#shutdown ??= this.process.shutdown()
    return this.#shutdown
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { resolve } of this.#holds) resolve()
    this.held.clear()
    await this.shutdown()
  }
}

test('the life of a plugin: start, serving, drain, stop', async () => {
  await using probed = new Probed()
  await probed.process.start()
  assert.equal(await probed.ask(), 'NOERROR')
  await probed.shutdown()
  assert.deepEqual(probed.steps, ['1 start', '1 serving 1', '1 answer', '1 drain', '1 stop'])
})

test('a reload: the new one takes over and starts before the old one stops', async () => {
  await using probed = new Probed()
  await probed.process.start()
  await probed.reload('2')
  assert.deepEqual(probed.steps, ['1 start', '1 serving 1', '2 adopt 1', '2 start', '2 serving 1', '1 stop'])
})

test('while the new one starts, the old one answers; then the new one does', async () => {
  await using probed = new Probed()
  const { starting, reloaded } = await probed.startReload()
  await probed.ask()
  starting.resolve()
  await reloaded
  await probed.ask()
  assert.deepEqual(
    probed.steps.filter(step => step.endsWith('answer')),
    ['1 answer', '2 answer'],
  )
})

test('the old one is not stopped before its queries are answered', async () => {
  await using probed = new Probed()
  await probed.process.start()
  const answering = probed.hold('1 answer')
  const asked = probed.ask()
  await probed.came('1 answer')
  const reloaded = probed.reload('2')
  await probed.came('2 serving 1')
  for (let turns = 0; turns < 20; turns++) await nextTurn()
  assert.ok(!probed.steps.includes('1 stop'))
  answering.resolve()
  assert.equal(await asked, 'NOERROR')
  await reloaded
  assert.equal(probed.steps.at(-1), '1 stop')
})

test('a start that fails is thrown, and what had started is stopped', async () => {
  const probed = new Probed()
  probed.hold('1 start').reject(new Error('no source'))
  await assert.rejects(probed.process.start(), /no source/)
  assert.deepEqual(probed.steps, ['1 start', '1 stop'])
})

test('a reload that fails is thrown, and the old one goes on', async () => {
  await using probed = new Probed()
  await probed.process.start()
  const before = probed.process.configuration
  probed.hold('2 start').reject(new Error('no source'))
  await assert.rejects(probed.reload('2'), /no source/)
  assert.deepEqual(probed.steps.slice(-3), ['2 adopt 1', '2 start', '2 stop'])
  assert.equal(await probed.ask(), 'NOERROR')
  assert.equal(probed.process.configuration, before)
  await probed.reload('3')
  assert.ok(probed.steps.includes('3 adopt 1'))
})

test('a reload that needs a port that is taken stops what it had started, and opens nothing', async () => {
  await using probed = new Probed()
  await probed.process.start()
  const [free, taken] = [await freePort(), await freePort()]
  await using holder = createServer().listen(taken)
  await once(holder, 'listening')
  probed.corefile = `.:0 example.org:${free} example.org:${taken} {\n probe 2\n}\n`
  await assert.rejects(probed.process.reload(), { code: 'EADDRINUSE' })
  assert.deepEqual(probed.steps.slice(-3), ['2 adopt 1', '2 start', '2 stop'])
  await assert.rejects(askUdp(queryMessage('example.org', 'A'), { port: free }), { code: 'ECONNREFUSED' })
  assert.equal(await probed.ask(), 'NOERROR')
})

test('reloads come one after another; those that ask meanwhile share one', async () => {
  await using probed = new Probed()
  const { starting, reloaded: first } = await probed.startReload()
  const [second, third] = [probed.reload('2'), probed.reload('2')]
  assert.equal(second, third)
  for (let turns = 0; turns < 20; turns++) await nextTurn()
  assert.deepEqual(probed.steps.slice(-2), ['2 adopt 1', '2 start'])
  starting.resolve()
  await Promise.all([first, second])
  assert.deepEqual(
    probed.steps.filter(step => step.endsWith('start') || step.includes('adopt')),
    ['1 start', '2 adopt 1', '2 start', '2 adopt 2', '2 start'],
  )
})

test('a Corefile that still starts gives way to another, and who asked for it hears of that', async () => {
  await using probed = new Probed()
  const { reloaded: first } = await probed.startReload()
  const again = probed.reload('2')
  await Promise.all([first, again, probed.reload('3'), probed.reload('4')])
  assert.deepEqual(probed.steps.slice(2), ['2 adopt 1', '2 start', '2 stop', '4 adopt 1', '4 start', '4 serving 1', '1 stop'])
})

test('a Corefile that still starts gives way to the one that runs where its files were renewed, and comes after it', async () => {
  await using probed = new Probed()
  const { starting, reloaded } = await probed.startReload()
  await probed.process.renew()
  starting.resolve()
  await reloaded
  assert.deepEqual(
    probed.steps.filter(step => !step.endsWith('serving 1')),
    ['1 start', '2 adopt 1', '2 start', '2 stop', '1 adopt 1', '1 start', '1 stop', '2 adopt 1', '2 start', '1 stop'],
  )
})

test('a Corefile that still starts does not give way to one with a mistake', async () => {
  await using probed = new Probed()
  const { starting, reloaded: first } = await probed.startReload()
  probed.corefile = '.:0 {'
  const second = probed.process.reload()
  starting.resolve()
  await first
  await assert.rejects(second, /Corefile:1/)
  assert.ok(probed.steps.includes('2 serving 1'))
})

test('a Corefile that still starts when the server shuts down is let go of', async () => {
  await using probed = new Probed()
  const { reloaded } = await probed.startReload()
  const draining = probed.hold('1 drain')
  const done = probed.shutdown()
  await assert.rejects(reloaded, /shutting down/)
  draining.resolve()
  await done
  assert.deepEqual(probed.steps.slice(-3).sort(), ['1 drain', '1 stop', '2 stop'])
})

test('a reload that fails does not take the next one with it', async () => {
  await using probed = new Probed()
  const { starting, reloaded: first } = await probed.startReload()
  const second = probed.reload('2')
  probed.held.clear()
  starting.reject(new Error('no source'))
  await assert.rejects(first, /no source/)
  await second
  assert.ok(probed.steps.includes('2 serving 1'))
})

test('a plugin that does not let go holds nothing up', async () => {
  await using probed = new Probed()
  await probed.process.start()
  probed.hold('1 stop')
  await probed.reload('2')
  await probed.reload('3')
  assert.ok(probed.steps.includes('3 serving 1'))
})

test('what is not ready is told, of the blocks that ask', async () => {
  await using probed = new Probed()
  assert.deepEqual(await probed.process.unready('probe'), [{ plugin: 'probe', reason: 'starting' }])
  probed.hold('1 ready')
  await probed.process.start()
  assert.deepEqual(await probed.process.unready('probe'), [{ plugin: 'probe', reason: 'waiting' }])
  assert.deepEqual(await probed.process.unready('other'), [])
  probed.held.clear()
  assert.deepEqual(await probed.process.unready('probe'), [])
})

test('while it drains, the plugins know, and it answers', async () => {
  await using probed = new Probed()
  await probed.process.start()
  assert.equal(probed.server?.control?.draining, false)
  const draining = probed.hold('1 drain')
  const done = probed.shutdown()
  await probed.came('1 drain')
  assert.equal(probed.server?.control?.draining, true)
  assert.equal(await probed.ask(), 'NOERROR')
  await assert.rejects(probed.reload('2'), /shutting down/)
  draining.resolve()
  await done
  assert.equal(probed.steps.at(-1), '1 stop')
})

test('its configuration is the hash of the Corefile', async () => {
  await using probed = new Probed()
  assert.equal(probed.process.configuration, '')
  await probed.process.start()
  assert.equal(probed.process.configuration, probed.process.readConfiguration())
  probed.corefile = '.:0 {\n probe 2\n}\n'
  assert.notEqual(probed.process.readConfiguration(), probed.process.configuration)
  assert.match(probed.process.configuration, /^[0-9a-f]{128}$/)
})

test('checking a Corefile makes its plugins and starts nothing', async () => {
  const probed = new Probed()
  await probed.process.validate()
  assert.deepEqual(probed.steps, [])
  probed.corefile = '.:0 {\n probe\n}\n'
  await assert.rejects(probed.process.validate(), /plugin\/probe: Corefile:2 - .*expected NAME/)
})

test('a query that a plugin answers with an error of ours is SERVFAIL, counted and logged', async () => {
  await using probed = new Probed()
  await probed.process.start()
  const boom = probed.hold('1 answer')
  const asked = probed.ask()
  await probed.came('1 answer')
  boom.reject(new Error('boom'))
  assert.equal(await asked, 'SERVFAIL')
  const panics = [...probed.process.metrics].find(({ name }) => name === 'coredns_panics_total')
  assert.deepEqual(await panics?.samples(), [{ name: 'coredns_panics_total', labels: {}, value: 1 }])
})
