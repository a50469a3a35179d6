/** Collectors that are not there, or not as they should be: no query waits for them, and none is answered otherwise. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { toKey } from '#src/dns/name.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { answer } from '#src/plugin.ts'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { askTcp, TcpClient } from '#test/support/client.ts'
import { Collector, type Faults, socketPath } from '#test/support/dnstap.ts'
import { type InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { queryMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { until } from '#test/support/waiting.ts'

const namesOf = (collector: Collector) =>
  collector.messages.flatMap(({ queryMessage }) =>
    queryMessage ? queryMessage.subarray(13, 13 + queryMessage[12]!).toString() : [],
  )

const dropped = async (server: InProcessServer) => (await server.metric('coredns_dnstap_dropped_total')) ?? 0

test('a collector that comes later gets what it missed, in order, and the log tells of the gap once', async () => {
  await using socket = await socketPath()
  await using server = await startInProcess(`dnstap ${socket.path} full\nwhoami`)
  for (let i = 0; i < 3; i++) assert.equal((await server.query(`n${i}.example.org`)).rcode, 'NOERROR')
  await server.waitForLine(
    /^\[ERROR\] plugin\/dnstap: No connection to dnstap endpoint: dial unix \/.*dnstap\.sock: connect: no such file or directory$/,
  )
  await using collector = await Collector.start({ path: socket.path })
  await collector.received(6)
  assert.deepEqual(namesOf(collector), ['n0', 'n1', 'n2'])
  await server.waitForLine(/^\[INFO\] plugin\/dnstap: Connected to dnstap endpoint: unix \//)
  assert.equal(server.lines.filter(line => line.includes('No connection')).length, 1)
  assert.equal(await dropped(server), 0)
})

test('a collector that is refused, lost, and there again', async () => {
  await using collector = await Collector.start()
  await using server = await startInProcess(`dnstap tcp://127.0.0.1:${collector.port} full\nwhoami`)
  await server.query('before.example.org')
  await collector.received(2)
  await collector.leave()
  await server.waitForLine(/No connection to dnstap endpoint: write tcp 127\.0\.0\.1:\d+: EOF$/)
  await server.query('between.example.org')
  await collector.listen()
  await collector.received(4)
  await server.query('after.example.org')
  await collector.received(6)
  assert.deepEqual(namesOf(collector), ['before', 'between', 'after'])
})

test('a collector that breaks off in the middle of a frame', async () => {
  await using collector = await Collector.start()
  await using server = await startInProcess(`dnstap tcp://127.0.0.1:${collector.port} full\nwhoami`)
  collector.faults.closesAfter = 1
  await server.query('lost.example.org')
  // It is soon connected to again.
  await until(() => collector.messages.length === 1 && collector.started === 2)
  delete collector.faults.closesAfter
  await server.query('next.example.org')
  await collector.received(3)
  // The second frame of the first connection was in the kernel's hands: it is not sent again.
  assert.deepEqual(namesOf(collector), ['lost', 'next'])
})

suite('a collector that does not speak as it should is tried again', { concurrency: true }, () => {
  const cases: readonly (readonly [name: string, faults: Faults, told: RegExp])[] = [
    ['another content type', { accepts: 'protobuf:other' }, /write tcp .*: content type mismatch$/],
    ['a longer content type', { accepts: 'protobuf:dnstap.Dnstap2' }, /content type mismatch$/],
    ['something else than a control frame', { answers: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') }, /decoding error$/],
    ['another control frame', { answers: Buffer.of(0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 5) }, /decoding error$/],
    ['a control frame that is too short', { answers: Buffer.of(0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1) }, /decoding error$/],
    ['a control frame that is too long', { answers: Buffer.of(0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 1) }, /decoding error$/],
    ['silence', { silent: true }, /i\/o timeout$/],
  ]
  for (const [name, faults, told] of cases)
    test(name, async () => {
      await using collector = await Collector.start()
      Object.assign(collector.faults, faults)
      await using server = await startInProcess(`dnstap tcp://127.0.0.1:${collector.port}\nwhoami`)
      await server.query('www.example.org')
      await server.waitForLine(told)
      if (!faults.silent) await until(() => collector.connections > 3)
      for (const fault of Object.keys(faults)) delete collector.faults[fault as keyof Faults]
      await collector.received(2)
      assert.equal(collector.started, 1)
      assert.equal(server.lines.filter(line => line.includes('No connection')).length, 1)
    })
})

test('a collector that accepts without naming a type is sent frames', async () => {
  await using collector = await Collector.start()
  collector.faults.answers = Buffer.of(0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1)
  await using server = await startInProcess(`dnstap tcp://127.0.0.1:${collector.port}\nwhoami`)
  await server.query('www.example.org')
  await collector.received(2)
})

test('an accept that comes octet by octet', async () => {
  await using collector = await Collector.start()
  collector.faults.octetByOctet = true
  await using server = await startInProcess(`dnstap tcp://127.0.0.1:${collector.port}\nwhoami`)
  await server.query('www.example.org')
  await collector.received(2)
})

test('a collector that reads nothing is left; every query is answered, and what does not fit is dropped, counted and told', async () => {
  await using collector = await Collector.start()
  collector.faults.deaf = true
  await using server = await startInProcess(`dnstap tcp://127.0.0.1:${collector.port} full\nscript`)
  const key = toKey('big.example.org')
  const builder = new SectionsBuilder(key)
  for (let i = 0; i < 200; i++) builder.strings(key, 16, 60, ['x'.repeat(250)])
  server.script = () => answer(builder.build())
  await until(() => collector.started === 1)
  // 50 kB each: more than the kernel and the queue take.
  const start = performance.now()
  for (let i = 0; i < 400; i++) assert.ok((await askTcp(queryMessage('big.example.org', 'TXT'), server)).length > 50_000)
  const perQuery = (performance.now() - start) / 400
  assert.ok(perQuery < 50, `${perQuery} ms each`)
  assert.ok((await dropped(server)) > 100)
  await server.waitForLine(/No connection to dnstap endpoint: write tcp .*: i\/o timeout$/)
  collector.faults.deaf = false
  await until(() => collector.started === 2)
  await server.queryTcp('last.example.org')
  await until(() => namesOf(collector).includes('last'))
  await server.server.shutdown()
  const told = server.lines.flatMap(line => /^\[WARNING\] plugin\/dnstap: Dropped dnstap messages: (\d+)$/.exec(line)?.[1] ?? [])
  assert.equal(
    told.reduce((sum, count) => sum + Number(count), 0),
    await dropped(server),
  )
  // What the kernel had taken for who did not read it, nobody knows of.
  assert.ok(collector.messages.length + (await dropped(server)) <= 802)
})

test('more than ten thousand messages, times QUEUE, wait for nobody', async () => {
  const port = await freePort()
  await using server = await startInProcess(`dnstap tcp://127.0.0.1:${port} full 1 2\nwhoami`)
  const queries = Array.from({ length: 100 }, () => queryMessage('www.example.org', 'A'))
  await using client = new TcpClient(server)
  for (let i = 0; i < 102; i++) {
    client.send(...queries)
    for (const _ of queries) await client.next()
  }
  assert.equal(await dropped(server), 400)
  await using collector = await Collector.start({ host: '127.0.0.1', port })
  await collector.received(20_000)
  assert.equal(collector.messages.length, 20_000)
})

suite('over TLS', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  test('a certificate must be good, unless it need not be', async () => {
    using authority = new Authority()
    const tls = authority.issue('server', 'IP:127.0.0.1')
    await using collector = await Collector.start(undefined, tls)
    await using strict = await startInProcess(`dnstap tls://127.0.0.1:${collector.port}\nwhoami`)
    await strict.waitForLine(/No connection to dnstap endpoint: dial tcp 127\.0\.0\.1:\d+: .*certificate/)
    assert.equal(collector.started, 0)
    await using lenient = await startInProcess(`dnstap tls://127.0.0.1:${collector.port} {\n skipverify\n}\nwhoami`)
    await lenient.query('www.example.org')
    await collector.received(2)
  })
})

test('a folder that is removed under a socket does not end anything', async () => {
  await using socket = await socketPath()
  const collector = await Collector.start({ path: socket.path })
  await using server = await startInProcess(`dnstap ${socket.path}\nwhoami`)
  await server.query('www.example.org')
  await collector.received(2)
  await collector.leave()
  await rm(socket.path, { force: true })
  await server.waitForLine(/No connection to dnstap endpoint/)
  assert.equal((await server.query('www.example.org')).rcode, 'NOERROR')
})
