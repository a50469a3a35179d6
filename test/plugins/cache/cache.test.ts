/** What only shows from inside the process: promises, memory, bounds. What clients see is told in test/scenarios. */
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { cache } from '#plugins/cache/index.ts'
import { FLAG, RCODE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { Query } from '#src/dns/query.ts'
import { Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { Metrics } from '#src/metrics.ts'
import { failure, type Handler, Reply, type ServerBlock } from '#src/plugin.ts'
import { admit } from '#src/server/admission.ts'
import { directiveOf } from '#test/support/directive.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { twins } from '#test/support/twins.ts'

const listener = { label: 'dns://:53', address: '', port: 53 }

function queryFor(name: string, { address = '192.0.2.1', type = 1, class: classCode = 1 } = {}): Query {
  const query = admit(
    queryMessage(name, type, { class: classCode, edns: { options: [[10, Buffer.from('a cookie')]] } }),
    { address, port: 40_000, family: 4 },
    'udp',
    listener,
  )
  assert.ok(query instanceof Query)
  query.zone = 'example.org.'
  return query
}

const sectionsFor = ({ key }: Query, last = 1) =>
  new SectionsBuilder(key).address(key, 10, Uint8Array.of(192, 0, 2, last)).build()
const replyTo = (query: Query) => new Reply(RCODE.NOERROR, FLAG.RA, sectionsFor(query))

/** A cache before `next`, and a way to read its metrics. */
function start(options: string, next: Handler) {
  const metrics = new Metrics()
  const block = { zones: ['example.org.'], server: { metrics } } as unknown as ServerBlock
  const handler = cache.create(cache.parse(directiveOf(`cache {\n${options}\n}`)), block).wrap!(next)
  const count = (name: string, type?: string) => {
    const samples = Array.from(metrics)
      .find(metric => metric.name === `coredns_cache_${name}`)!
      .samples()
    assert.ok(!(samples instanceof Promise))
    return samples.filter(({ labels }) => type === undefined || labels.type === type).reduce((sum, { value }) => sum + value, 0)
  }
  return { handler, count }
}

let now = 1_000_000
mock.method(performance, 'now', () => now)

test('what comes at once is not remembered, and is not changed', () => {
  let asked = 0
  const { handler } = start('', query => {
    asked++
    return replyTo(query)
  })
  for (const expected of [1, 2]) {
    const reply = handler(queryFor('www.example.org'))
    assert.ok(reply instanceof Reply)
    assert.equal(reply.ttl, undefined)
    assert.equal(asked, expected)
  }
})

test('a hit is there at once, and each is a reply of its own with the same sections', async () => {
  const { handler } = start('', async query => replyTo(query))
  await handler(queryFor('www.example.org'))
  const [first, second] = [handler(queryFor('www.example.org')), handler(queryFor('www.example.org'))]
  assert.ok(first instanceof Reply && second instanceof Reply)
  assert.notEqual(first, second)
  assert.equal(first.sections, second.sections)
  first.ttl = 1
  first.flags = 0
  assert.equal(second.ttl, 10)
  assert.equal(second.flags, FLAG.RA)
})

test('an entry does not hold on to the receive buffer', async () => {
  const buffer = Buffer.alloc(65_536)
  const { handler } = start('', async query => {
    const { bytes, base } = sectionsFor(query)
    buffer.set(bytes, 1000)
    return new Reply(RCODE.NOERROR, 0, new Sections(buffer.subarray(1000, 1000 + bytes.length), 1, 0, 0, base))
  })
  await handler(queryFor('www.example.org'))
  buffer.fill(0xff)
  const { sections } = (await handler(queryFor('www.example.org'))) as Reply
  assert.deepEqual(Buffer.from(sections.bytes), Buffer.from(sectionsFor(queryFor('www.example.org')).bytes))
  assert.equal(sections.bytes.buffer.byteLength, sections.bytes.length)
})

test('the least recently used entry makes room', async () => {
  const { handler, count } = start('success 1024', async query => replyTo(query))
  for (let i = 0; i < 1024; i++) await handler(queryFor(`host-${i}.example.org`))
  assert.ok(handler(queryFor('host-0.example.org')) instanceof Reply)
  assert.equal(count('evictions_total', 'success'), 0)
  await handler(queryFor('one-more.example.org'))
  assert.equal(count('evictions_total', 'success'), 1)
  assert.equal(count('entries', 'success'), 1024)
  assert.ok(handler(queryFor('host-0.example.org')) instanceof Reply)
  const reply = handler(queryFor('host-1.example.org'))
  assert.ok(reply instanceof Promise)
  await reply
  assert.equal(count('evictions_total', 'success'), 2)
  // An entry that takes its own place drives nobody out.
  now += 60_000
  await handler(queryFor('host-0.example.org'))
  assert.equal(count('evictions_total', 'success'), 2)
})

test('names with one hash are told apart, and take the place of each other', async () => {
  const last = new Map(twins().map((name, i) => [name, i + 1]))
  const { handler, count } = start('', async query => new Reply(RCODE.NOERROR, FLAG.RA, sectionsFor(query, last.get(query.name))))
  for (let round = 0; round < 2; round++) {
    for (const [name, expected] of last) {
      const first = handler(queryFor(name))
      assert.ok(first instanceof Promise)
      for (const reply of [await first, handler(queryFor(name)) as Reply]) assert.equal(reply.sections.bytes.at(-1), expected)
    }
  }
  assert.equal(count('evictions_total', 'success'), 3)
  assert.equal(count('entries', 'success'), 1)
})

test('questions with other options for upstreams are others, also where the options have one hash', async () => {
  const last = new Map(twins().map((name, i) => [toKey(name), i + 1]))
  const { handler } = start(
    '',
    async query => new Reply(RCODE.NOERROR, FLAG.RA, sectionsFor(query, last.get(query.upstreamOptions))),
  )
  for (const [upstreamOptions, expected] of last) {
    const query = queryFor('www.example.org')
    const reply = await handler(query.replace({ ...query, upstreamOptions }))
    assert.equal(reply.sections.bytes.at(-1), expected)
  }
})

test('a denial does not drive out the answer of another name with its hash', async () => {
  const [known, unknown] = twins()
  const { handler } = start('', async query => {
    if (query.name === known) return replyTo(query)
    const soa = { mname: query.key, rname: query.key, serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 60 }
    return new Reply(RCODE.NXDOMAIN, 0, new SectionsBuilder(query.key).authority().soa(query.key, 60, soa).build())
  })
  await handler(queryFor(known))
  await handler(queryFor(unknown))
  for (const [name, rcode] of [
    [known, RCODE.NOERROR],
    [unknown, RCODE.NXDOMAIN],
  ] as const) {
    const reply = handler(queryFor(name))
    assert.ok(reply instanceof Reply)
    assert.equal(reply.rcode, rcode)
  }
})

test('a type of another class is another question', async () => {
  const { handler } = start('', async query => replyTo(query))
  await handler(queryFor('www.example.org'))
  // Of all questions for this name, one that comes to the same number.
  assert.ok(handler(queryFor('www.example.org', { type: 0, class: 17 })) instanceof Promise)
})

test('a failure that comes late does not drive out an answer', async () => {
  const asked: ((reply: Reply) => void)[] = []
  const { handler } = start('', () => new Promise(resolve => asked.push(resolve)))
  const waiting = [handler(queryFor('www.example.org')), handler(queryFor('www.example.org'))]
  asked[0]!(replyTo(queryFor('www.example.org')))
  asked[1]!(new Reply(RCODE.SERVFAIL))
  await Promise.all(waiting)
  const reply = handler(queryFor('www.example.org'))
  assert.ok(reply instanceof Reply)
  assert.equal(reply.rcode, RCODE.NOERROR)
})

test('records made for another question are not remembered', async () => {
  const { handler, count } = start('', async () => replyTo(queryFor('another.example.org')))
  await handler(queryFor('www.example.org'))
  assert.ok(handler(queryFor('www.example.org')) instanceof Promise)
  assert.equal(count('drops_total'), 1)
})

test('the upstream hears who asks, what, and that authentic data is wanted', async () => {
  const heard: Query[] = []
  const { handler } = start('serve_stale', async query => {
    heard.push(query)
    return replyTo(query)
  })
  await handler(queryFor('www.example.org', { address: '192.0.2.1' }))
  now += 60_000
  const asking = queryFor('www.example.org', { address: '192.0.2.2' })
  handler(asking)
  assert.equal(heard.length, 2)
  const [first, second] = heard as [Query, Query]
  assert.deepEqual([first.client.address, second.client.address], ['192.0.2.1', '192.0.2.2'])
  for (const { flags, zone, key, edns } of heard) {
    assert.equal(flags, FLAG.RD | FLAG.AD)
    assert.equal(zone, 'example.org.')
    assert.equal(key, asking.key)
    assert.equal(edns?.udpSize, 1232)
  }
  assert.equal(asking.flags, FLAG.RD, 'the client’s own query stays as it is')
  // A renewal outlives the message, whose buffer the transport may use again.
  asking.message.fill(0xff)
  assert.equal(readAnswer(Buffer.from(second.message)).question, 'www.example.org. IN A')
  assert.equal(Buffer.from(second.edns!.options).toString('latin1', 4), 'a cookie')
})

test('who asks while a stale answer is verified waits for the same', async () => {
  const asked: ((reply: Reply) => void)[] = []
  const { handler, count } = start('serve_stale 1h verify', () => new Promise(resolve => asked.push(resolve)))
  const first = handler(queryFor('www.example.org'))
  asked.shift()!(replyTo(queryFor('www.example.org')))
  await first
  now += 60_000
  const waiting = [handler(queryFor('www.example.org')), handler(queryFor('www.example.org'))]
  assert.equal(asked.length, 1)
  const query = queryFor('www.example.org')
  asked[0]!(new Reply(RCODE.NOERROR, FLAG.RA, sectionsFor(query, 2)))
  for (const reply of await Promise.all(waiting)) assert.equal(reply.sections.bytes.at(-1), 2)
  assert.equal(count('served_stale_total'), 0)
})

test('only so many entries are renewed at a time', async () => {
  let silent = false
  const asked: (() => void)[] = []
  const next: Handler = query =>
    new Promise(resolve => {
      asked.push(() => resolve(replyTo(query)))
      if (!silent) asked.at(-1)!()
    })
  const { handler, count } = start('serve_stale', next)
  const names = Array.from({ length: 1100 }, (_, i) => `host-${i}.example.org`)
  for (const name of names) await handler(queryFor(name))
  asked.length = 0
  silent = true
  now += 60_000
  for (const name of names) assert.ok(handler(queryFor(name)) instanceof Reply)
  assert.equal(asked.length, 1000)
  assert.equal(count('prefetch_skipped_total'), 100)
  for (const answer of asked) answer()
  await turn()
  for (const name of names) assert.ok(handler(queryFor(name)) instanceof Reply)
  assert.equal(asked.length, 1100)
})

test('a renewal that fails at once is a failure like any other', async () => {
  let fails = false
  let asked = 0
  const { handler } = start('serve_stale', query => {
    asked++
    return fails ? failure('more than 10000 queries in flight') : Promise.resolve(replyTo(query))
  })
  await handler(queryFor('www.example.org'))
  now += 60_000
  fails = true
  for (let i = 0; i < 3; i++) {
    const reply = handler(queryFor('www.example.org'))
    assert.ok(reply instanceof Reply)
    assert.equal(reply.rcode, RCODE.NOERROR)
    await turn()
  }
  assert.equal(asked, 2)
})
