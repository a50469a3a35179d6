import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { answer, Reply } from '#src/dns/reply.ts'
import { NO_RECORDS, SectionsBuilder } from '#src/dns/sections.ts'
import type { Handler } from '#src/plugin.ts'
import { Zones } from '#src/server/zones.ts'
import { ask, type Observer, responder, type Site } from '#src/server.ts'
import { octetsOf } from '#src/transport/transport.ts'
import { queryOf } from '#test/support/exchange.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'

const client = { address: '192.0.2.1', port: 4000, family: 4 } as const

const unobserved: Observer = {
  dropped: () => assert.fail('dropped'),
  refused: () => assert.fail('refused'),
  failed: error => assert.fail(String(error)),
}

function site(handler: Handler | undefined, zone = '.'): Site {
  const zones = new Zones([[toKey(zone), { key: toKey(zone), name: zone, handler }]])
  return { label: 'dns://:53', address: '', port: 53, zones }
}

const reply = (message: Uint8Array, at: Site, observer = unobserved) => {
  const sent = responder(observer)(message, client, 'udp', at)
  assert.ok(sent && !('then' in sent))
  return readAnswer(octetsOf(sent))
}

test('a chain that answers from memory is answered at once, one that waits later', async () => {
  const message = queryMessage('example.org', 'A', { id: 7 })
  assert.equal(
    reply(
      message,
      site(() => answer(NO_RECORDS)),
    ).id,
    7,
  )
  const waiting = responder(unobserved)(
    message,
    client,
    'udp',
    site(async () => answer(NO_RECORDS)),
  )
  assert.ok(waiting instanceof Promise)
  assert.equal(readAnswer(octetsOf((await waiting)!)).id, 7)
})

test('the chain is told which zone took the query', () => {
  let zone = ''
  reply(
    queryMessage('www.example.org', 'A'),
    site(query => {
      zone = query.zone
      return answer(NO_RECORDS)
    }, 'example.org.'),
  )
  assert.equal(zone, 'example.org.')
})

for (const [name, message, at] of [
  ['no zone holds the name', queryMessage('example.net', 'A'), site(() => assert.fail(), 'example.org.')],
  ['the zone has no plugin that handles queries', queryMessage('example.org', 'A'), site(undefined)],
  ['the class is not IN', queryMessage('version.bind', 'TXT', { class: 3 }), site(() => assert.fail())],
] as const) {
  test(`REFUSED where ${name}`, () => {
    const told: number[] = []
    const { rcode, flags, question } = reply(message, at, { ...unobserved, refused: query => told.push(query.type) })
    assert.equal(told.length, 1)
    assert.deepEqual([rcode, flags], ['REFUSED', 'qr rd'])
    assert.notEqual(question, '')
  })
}

test('other classes go down the chain where a plugin of the listener takes them', () => {
  const at = site(() => answer(NO_RECORDS))
  at.zones.otherClasses = true
  assert.equal(reply(queryMessage('version.bind', 'TXT', { class: 3 }), at).rcode, 'NOERROR')
})

const at = site(() => assert.fail())
for (const [name, message, rcode] of [
  ['an update', queryMessage('example.org', 'SOA', { opcode: 5 }), 'NOTIMP'],
  ['a name that does not end', queryMessage('example.org', 'A').subarray(0, 20), 'FORMERR'],
  ['EDNS version 1', queryMessage('example.org', 'A', { edns: { version: 1 } }), 'BADVERS'],
] as const) {
  test(`what no chain sees is answered and told: ${name}`, () => {
    let told: unknown[] = []
    const observer = { ...unobserved, dropped: (...args: unknown[]) => (told = args) }
    assert.equal(reply(message, at, observer).rcode, rcode)
    assert.ok(told.includes(client) && told.includes('udp') && told.includes(at))
  })
}

test('a notification goes past the chain, to what takes those of its zone', () => {
  const message = queryMessage('example.org', 'SOA', { opcode: 4 })
  const told: number[] = []
  const observer = { ...unobserved, refused: (_: unknown, { rcode }: Reply) => told.push(rcode) }
  const { zones } = at
  assert.equal(reply(message, at, observer).rcode, 'NOTIMP')
  const taking = new Zones([['\0', { ...zones.get('\0')!, take: () => answer(NO_RECORDS) }]])
  assert.deepEqual([reply(message, { ...at, zones: taking }, observer).rcode, told], ['NOERROR', [4, 0]])
})

test('a reply is never answered, so that two servers never talk for ever', () => {
  const message = queryMessage('example.org', 'A', { flags: 0x8100 })
  assert.equal(responder({ ...unobserved, dropped: () => {} })(message, client, 'udp', at), undefined)
})

test('a reply that cannot be written is SERVFAIL, and told', async () => {
  const key = toKey('example.org')
  const sections = new SectionsBuilder(key).address(key, 5, Buffer.of(192, 0, 2, 1)).build()
  const broken = Object.assign(answer(sections), { sections: undefined })
  for (const handler of [() => broken, async () => broken]) {
    let failed: unknown
    const observer = { ...unobserved, failed: (error: unknown) => (failed = error) }
    const sent = await responder(observer)(queryMessage('example.org', 'A', { id: 7 }), client, 'udp', site(handler))
    const { id, rcode } = readAnswer(octetsOf(sent!))
    assert.deepEqual([id, rcode], [7, 'SERVFAIL'])
    assert.ok(failed instanceof Error)
  }
})

test('the server asks itself eight times at most on behalf of one query', () => {
  const zones: Zones = site(query => ask(query.derive(toKey('example.org'), TYPE.A), zones)).zones
  const end = ask(queryOf('example.org'), zones) as Reply
  assert.equal(end.rcode, 2)
  assert.match(String(end.cause), /example\.org\. leads through more than 8 lookups/)
  let depth = -1
  const counting: Zones = site(query => {
    depth = query.depth
    return query.depth < 8 ? ask(query.derive(toKey('example.org'), TYPE.A), counting) : new Reply(0)
  }).zones
  assert.equal((ask(queryOf('example.org'), counting) as Reply).rcode, 0)
  assert.equal(depth, 8)
})

test('the server asks itself 200 times at most on behalf of one query, however its lookups branch', () => {
  let asked = 0
  const zones: Zones = site(query => {
    asked++
    const replies = Array.from({ length: 8 }, () => ask(query.derive(toKey('example.org'), TYPE.A), zones) as Reply)
    return replies.find(({ cause }) => /200/.test(String(cause))) ?? new Reply(0)
  }).zones
  const end = ask(queryOf('example.org'), zones) as Reply
  assert.match(String(end.cause), /example\.org\. is not looked up: more than 200 lookups for one query/)
  const first = asked
  assert.ok(first <= 201, `${first} lookups`)
  ask(queryOf('example.org'), zones)
  assert.equal(asked, 2 * first, 'each query counts for itself')
})
