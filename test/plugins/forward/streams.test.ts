import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { cut, forged, otherName, reply, silence, truncated, zone } from '#test/support/scripts.ts'
import { startServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { startLocal } from './server.ts'

const WEB = 'web.example.org. 300 IN A 192.0.2.1'
const example = zone(WEB)
const wrong = zone(WEB.replace('192.0.2.1', '203.0.113.1'))

test('queries share a connection, and each is answered as soon as its reply is there', async () => {
  const released = Promise.withResolvers<void>()
  await using upstream = await startUpstream(async asked => {
    if (asked.name === 'slow.example.org.') await released.promise
    return example(asked) as Buffer
  })
  await using server = await startLocal(`forward . ${upstream.to} {\nforce_tcp\n}`)
  const slow = server.query('slow.example.org.')
  await upstream.saw(1)
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  released.resolve()
  assert.equal((await slow).rcode, 'NXDOMAIN')
  assert.equal(upstream.connections, 1)
})

test('a connection that the upstream closed meanwhile costs the client nothing', async () => {
  await using upstream = await startUpstream(example)
  await using server = await startLocal(`forward . ${upstream.to} {\nforce_tcp\nmax_connect_attempts 1\n}`)
  await server.query('web.example.org.')
  upstream.disconnect()
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  upstream.faults.closeOnQuery = 1
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  assert.ok(upstream.connections === 3, `${upstream.connections} connections`)
})

test('everybody who waits on a connection that is closed is asked for again, over one connection', async () => {
  let held = 0
  await using upstream = await startUpstream(asked => {
    if (asked.name === 'web.example.org.' || ++held > 5) return example(asked)
    if (held === 5) setImmediate(() => upstream.disconnect())
    return undefined
  })
  await using server = await startLocal(`forward . ${upstream.to} {\nforce_tcp\nmax_connect_attempts 1\n}`)
  await server.query('web.example.org.')
  const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => server.query(`n${i}.example.org.`)))
  assert.ok(answers.every(({ rcode }) => rcode === 'NXDOMAIN'))
  assert.equal(upstream.connections, 2)
})

test('an upstream that closes every connection: SERVFAIL, with the reason', async () => {
  await using upstream = await startUpstream(example)
  upstream.faults.closeOnAccept = 100
  await using server = await startServer(`.:0 {\nerrors\nforward . ${upstream.to} {\nforce_tcp\n}\n}\n`)
  assert.equal((await server.query('web.example.org.')).rcode, 'SERVFAIL')
  await server.waitForLine(
    /plugin\/errors: 2 web\.example\.org\. A: (EOF|(read|write) tcp 127\.0\.0\.1:\d+: (read: connection reset by peer|write: (connection reset by peer|broken pipe)))$/,
  )
  assert.ok(upstream.connections <= 4, `${upstream.connections} connections`)
})

test('a connection that has become silent is given up, and others are opened', async () => {
  await using upstream = await startUpstream(example)
  await using server = await startLocal(`forward . ${upstream.to} {\nforce_tcp\nread_timeout 300ms\nmax_idle_conns 1\n}`)
  await server.query('web.example.org.')
  upstream.script = silence
  assert.equal((await server.query('dead.example.org.')).rcode, 'SERVFAIL')
  upstream.script = example
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
})

test('a connection that died without a word is given up although nobody waits on it any more', async () => {
  await using first = await startUpstream(example)
  await using second = await startUpstream(example)
  const options = 'policy sequential\nforce_tcp\nread_timeout 300ms\nhealth_check 50ms\nmax_idle_conns 1'
  await using server = await startLocal(`forward . ${first.to} ${second.to} {\n${options}\n}`)
  await server.query('web.example.org.')
  const dead = first.seen[0]!.from
  first.script = asked => (asked.from === dead ? undefined : example(asked))
  await server.query('n0.example.org.')
  assert.equal(second.seen.length, 1)
  const count = first.seen.length
  await first.saw(count + 1, 4000)
  while (first.seen.every(({ from }) => from === dead)) await first.saw(first.seen.length + 1, 4000)
  await server.query('n1.example.org.')
  assert.equal(first.seen.at(-1)?.name, 'n1.example.org.')
})

test('replies in any pieces, and several in one', async () => {
  await using upstream = await startUpstream(example)
  upstream.faults.octetByOctet = true
  await using server = await startLocal(`forward . ${upstream.to} {\nforce_tcp\n}`)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => server.query(i % 2 === 0 ? 'web.example.org.' : `n${i}.example.org.`)),
  )
  assert.equal(answers.filter(({ rcode }) => rcode === 'NOERROR').length, 25)
})

test('a reply of the largest size passes', async () => {
  const texts = Array.from({ length: 240 }, (_, i) => `big.example.org. 60 IN TXT "${String(i).padStart(240, '.')}"`)
  await using upstream = await startUpstream(zone(...texts))
  await using server = await startLocal(`forward . ${upstream.to}`)
  assert.equal((await server.queryTcp('big.example.org.', 'TXT')).answer.length, 240)
})

for (const [fault, change] of Object.entries({ 'is about another name': otherName, 'is cut off': cut })) {
  test(`over TCP, too, a reply that ${fault} is passed over`, async () => {
    await using upstream = await startUpstream(forged(change, wrong, example, 50))
    await using server = await startLocal(`forward . ${upstream.to} {\nforce_tcp\n}`)
    assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  })
}

test('TC over TCP is no reply', async () => {
  await using upstream = await startUpstream(asked => truncated(reply(asked)))
  await using server = await startLocal(`forward . ${upstream.to} {\nforce_tcp\n}`)
  assert.equal((await server.query('web.example.org.')).rcode, 'SERVFAIL')
})

test('a connection that takes no more queries does not stand in for one that does', async () => {
  await using upstream = await startUpstream(asked => (asked.name === 'web.example.org.' ? example(asked) : undefined))
  await using server = await startLocal(`forward . ${upstream.to} {\nforce_tcp\nexpire 100ms\nmax_age 100ms\nmax_idle_conns 1\n}`)
  void server.query('silent.example.org.').catch(() => {})
  await upstream.saw(1)
  await setTimeout(150)
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
})

test('max_age: a connection takes no more queries after that', async () => {
  await using upstream = await startUpstream(example)
  await using server = await startLocal(`forward . ${upstream.to} {\nforce_tcp\nexpire 100ms\nmax_age 100ms\nmax_idle_conns 2\n}`)
  const start = performance.now()
  while (upstream.connections < 2) {
    await server.query('web.example.org.')
    assert.ok(performance.now() - start < 5000, 'one connection for all that time')
  }
})
