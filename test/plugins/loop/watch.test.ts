import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { loop } from '#plugins/loop/index.ts'
import { probeName } from '#plugins/loop/probe.ts'
import { isUnder, labelsOf, toKey, toText } from '#src/dns/name.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { createLogger, pluginLogger } from '#src/log.ts'
import { answer, failure, type Handler, type Query, Query as QueryClass, type ServerBlock } from '#src/plugin.ts'
import { admit } from '#src/server/admission.ts'
import { fit } from '#src/server/fit.ts'
import { octetsOf } from '#src/transport/transport.ts'
import { queryOf } from '#test/support/exchange.ts'
import { until } from '#test/support/waiting.ts'

/** *loop* for the root in a thread. */
function inThread(t: TestContext, isMain: boolean, lines: string[]) {
  const log = createLogger('text', 'info', { write: line => lines.push(line.trimEnd()) })
  const server = { control: isMain ? {} : undefined }
  const instance = loop.create('.', {
    log: (name: string) => pluginLogger(log, name),
    server,
    viewName: '',
  } as unknown as ServerBlock)
  t.after(() => instance.stop!())
  return instance
}

/** *loop* in the main thread, behind a real socket, before a handler of the test's. */
async function looping(t: TestContext, next: (query: Query, self: Handler) => ReturnType<Handler>) {
  const lines: string[] = []
  const instance = inThread(t, true, lines)
  const seen: Query[] = []
  const handler: Handler = instance.wrap!(query => {
    seen.push(query)
    return next(query, handler)
  })
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  const listener = { label: `dns://127.0.0.1:${port}`, address: '127.0.0.1', port, served: ['.'] }
  socket.on('message', async (message, from) => {
    const query = admit(message, { address: from.address, port: from.port, family: 4 }, 'udp', listener)
    assert.ok(query instanceof QueryClass)
    query.zone = '.'
    socket.send(octetsOf(fit(query, await handler(query))), from.port, from.address)
  })
  return { instance, handler, lines, seen, listener }
}

const empty = () => answer(NO_RECORDS)

test('the name of a probe has two random numbers above the zone', () => {
  const names = new Set<string>()
  for (let i = 0; i < 100; i++) {
    const key = probeName('example.org.')
    assert.ok(isUnder(key, toKey('example.org')))
    const [first = '', second = '', ...zone] = labelsOf(key)
    assert.match(`${first}.${second}`, /^\d{1,19}\.\d{1,19}$/)
    assert.equal(zone.length, 2)
    names.add(first).add(second)
  }
  assert.equal(names.size, 200)
  assert.match(toText(probeName('.')), /^\d+\.\d+\.$/)
})

test('unready until the first probe has been answered', async t => {
  const gate = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const { instance, listener } = await looping(t, async () => {
    arrived.resolve()
    await gate.promise
    return empty()
  })
  assert.equal(instance.ready!(), 'the probe is under way')
  instance.serving!([listener])
  await arrived.promise
  assert.equal(instance.ready!(), 'the probe is under way')
  gate.resolve()
  await until(() => instance.ready!() === true)
})

test('after a reload it stays ready', async t => {
  const { instance, listener } = await looping(t, empty)
  instance.serving!([listener])
  await until(() => instance.ready!() === true)
  const next = await looping(t, empty)
  next.instance.adopt!(instance)
  assert.equal(next.instance.ready!(), true)
})

test('without a listener for plain DNS there is nothing to probe', async t => {
  const { instance } = await looping(t, empty)
  instance.serving!([{ label: 'tls://:853', address: '', port: 853, served: ['.'] }])
  assert.equal(instance.ready!(), true)
})

test('a probe that comes by twice is no loop, the third time it is one', async t => {
  for (const times of [2, 3]) {
    let rounds = 0
    const { instance, handler, lines, seen, listener } = await looping(t, (query, self) =>
      ++rounds < times ? self(query) : empty(),
    )
    instance.serving!([listener])
    await until(() => lines.length > 0 || instance.ready!() === true)
    const other = Object.assign(queryOf('www.example.org'), { zone: '.' })
    if (times === 2) {
      assert.deepEqual(lines, [])
      assert.equal((await handler(other)).rcode, 0)
      continue
    }
    assert.equal(seen.length, 2)
    assert.match(
      lines.join(),
      /^\[ERROR\] plugin\/loop: Loop \(127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+\) detected for zone "\.", see https:\S+ Query: "HINFO \d+\.\d+\."$/,
    )
    const { rcode, cause } = await handler(other)
    assert.equal(rcode, 2)
    assert.equal(instance.ready!(), cause)
    assert.equal((await handler(Object.assign(queryOf('www.example.org'), { zone: 'org.' }))).rcode, 0)
  }
})

test('a loop that has gone is found out, and the zone answered again', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let next: (query: Query, self: Handler) => ReturnType<Handler> = (query, self) => self(query)
  const { instance, handler, lines, seen, listener } = await looping(t, (query, self) => next(query, self))
  const soon = async (condition: () => boolean) => {
    for (; !condition(); await turn()) t.mock.timers.tick(1000)
  }
  instance.serving!([listener])
  await soon(() => seen.length >= 6)
  assert.equal(lines.length, 1)
  assert.notEqual(instance.ready!(), true)
  const before = seen.length
  next = () => failure('another thread has found it')
  await soon(() => seen.length >= before + 2 || lines.length > 1)
  assert.equal(lines.length, 1)
  assert.notEqual(instance.ready!(), true)
  next = empty
  await soon(() => lines.length > 1)
  assert.deepEqual(lines.slice(1), ['[INFO] plugin/loop: No loop any more for zone "."'])
  assert.equal(instance.ready!(), true)
  assert.equal((await handler(Object.assign(queryOf('www.example.org'), { zone: '.' }))).rcode, 0)
})

test('all threads see a probe, one tells of the loop, and all cut it until it has gone', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let through: readonly Handler[] = []
  let rounds = 0
  // Each round goes through another thread; in the end, somebody answers.
  const go = (query: Query): ReturnType<Handler> => through[rounds++]?.(query) ?? empty()
  const { instance, handler, lines, listener } = await looping(t, go)
  const others = [inThread(t, false, lines), inThread(t, false, lines)]
  const handlers = others.map(other => other.wrap!(go))
  for (const other of others) {
    other.serving!([listener])
    assert.equal(other.ready!(), true)
  }
  const soon = async (condition: () => boolean) => {
    for (; !condition(); await turn()) t.mock.timers.tick(1000)
  }
  const rcodes = () => Promise.all([handler, ...handlers].map(async handle => (await handle(query())).rcode))
  const query = () => Object.assign(queryOf('www.example.org'), { zone: '.' })
  through = handlers
  instance.serving!([listener])
  await soon(() => others.every(other => other.ready!() !== true))
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /Loop \(/)
  assert.deepEqual(await rcodes(), [2, 2, 2])
  // One that starts again is told before the next probe.
  const late = inThread(t, false, lines)
  late.serving!([listener])
  while (late.ready!() === true) await turn()
  through = []
  await soon(() => others.every(other => other.ready!() === true))
  assert.deepEqual(lines.slice(1), ['[INFO] plugin/loop: No loop any more for zone "."'])
  assert.deepEqual(await rcodes(), [0, 0, 0])
})

test('silence is tried again, under another name, and keeps nobody unready', async t => {
  const silent = Promise.withResolvers<never>()
  const { instance, lines, seen, listener } = await looping(t, () => silent.promise)
  instance.serving!([listener])
  await until(() => seen.length > 1)
  const [first, second] = seen
  assert.notEqual(first!.key, second!.key)
  assert.deepEqual(lines, [])
  assert.equal(instance.ready!(), true)
})

test('nobody can make it believe in a loop by asking', async t => {
  const { instance, handler, lines, seen, listener } = await looping(t, empty)
  instance.serving!([listener])
  await until(() => instance.ready!() === true)
  const name = seen[0]!.name
  for (let i = 0; i < 5; i++) await handler(queryOf('1.2.', 'HINFO'))
  for (let i = 0; i < 5; i++) await handler(queryOf(name, 'A'))
  assert.deepEqual(lines, [])
  assert.equal(instance.ready!(), true)
})
