import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import {
  cut,
  delayed,
  forged,
  garbage,
  noReply,
  otherId,
  otherName,
  otherType,
  over,
  reply,
  silence,
  truncated,
  zone,
} from '#test/support/scripts.ts'
import { type Asked, type Script, startUpstream } from '#test/support/upstream.ts'
import { startLocal } from './server.ts'

const WEB = 'web.example.org. 300 IN A 192.0.2.1'
const example = zone(WEB)
const wrong = zone(WEB.replace('192.0.2.1', '203.0.113.1'))

const changes = {
  'another id': otherId,
  'another name': otherName,
  'another type': otherType,
  'another class': (message: Buffer) => message.fill(3, message.indexOf(0, 12) + 4, message.indexOf(0, 12) + 5),
  'QR not set': noReply,
  'nothing but noise': garbage,
  'a record cut off': cut,
  'a header cut off': (message: Buffer) => message.subarray(0, 11),
  'no octets': () => Buffer.alloc(0),
  'another opcode': (message: Buffer) =>
    Buffer.concat([message.subarray(0, 2), Buffer.of(message[2]! | 0x08), message.subarray(3)]),
  'TC and another name': (message: Buffer) => truncated(otherName(message)),
}

for (const [fault, change] of Object.entries(changes)) {
  test(`a datagram with ${fault} is passed over, and the reply 50 ms later taken`, async () => {
    await using upstream = await startUpstream(over({ udp: forged(change, wrong, example, 50), tcp: silence }))
    await using server = await startLocal(`forward . ${upstream.to}`)
    assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  })
}

for (const [fault, change] of Object.entries({ 'another name': otherName, 'nothing but noise': garbage })) {
  test(`where a datagram with ${fault} has the right id, the question is asked over TCP as well`, async () => {
    await using upstream = await startUpstream(
      over({ udp: forged(change, wrong, example, Number.POSITIVE_INFINITY), tcp: example }),
    )
    await using server = await startLocal(`forward . ${upstream.to}`)
    assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  })
}

test('the question is asked over TCP once, whatever comes over UDP', async () => {
  const noise: Script = async function* (asked) {
    for (let i = 0; i < 5; i++) yield garbage(asked.message)
  }
  await using upstream = await startUpstream(over({ udp: noise, tcp: delayed(50, example) }))
  await using server = await startLocal(`forward . ${upstream.to}`)
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  assert.deepEqual(
    upstream.seen.map(({ transport }) => transport),
    ['udp', 'tcp'],
  )
})

test('so many wrong ids that somebody seems to be guessing: the question is asked over TCP as well', async () => {
  const flood = async function* (asked: Asked) {
    const right = (await wrong(asked)) as Buffer
    for (let i = 1; i <= 20; i++) yield changeId(right, i)
  }
  await using upstream = await startUpstream(over({ udp: flood, tcp: example }))
  await using server = await startLocal(`forward . ${upstream.to}`)
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  assert.deepEqual(
    upstream.seen.map(({ transport }) => transport),
    ['udp', 'tcp'],
  )
})

const changeId = (message: Buffer, by: number): Buffer => {
  const copy = Buffer.from(message)
  copy.writeUInt16BE((copy.readUInt16BE(0) + by) & 0xffff, 0)
  return copy
}

test('a datagram from another address does not reach the server, however right it is', async () => {
  await using stranger = createSocket('udp4')
  await using upstream = await startUpstream(async asked => {
    stranger.send((await wrong(asked)) as Buffer, asked.from, '127.0.0.1')
    return delayed(50, example)(asked) as Promise<Buffer>
  })
  await using server = await startLocal(`forward . ${upstream.to}`)
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
})

test('ids and ports are not to be foretold: 2,000 queries use most of the id space’s high bits, and many ports', async () => {
  await using upstream = await startUpstream(example)
  await using server = await startLocal(`forward . ${upstream.to}`)
  // Those that come together may go through one port: of 200 choices among 16, one is left out once in 25,000 times.
  for (let n = 0; n < 200; n++) await Promise.all(Array.from({ length: 10 }, (_, i) => server.query(`n${n}-${i}.example.org.`)))
  const ids = upstream.seen.map(({ id }) => id)
  const buckets = new Uint32Array(64)
  for (const id of ids) buckets[id >> 10]!++
  // 64 buckets of 31.25 on average: chi-square with 63 degrees of freedom is above 120 once in 100,000 times.
  const expected = ids.length / 64
  const chiSquare = buckets.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  assert.ok(chiSquare < 120, `chi-square is ${chiSquare}`)
  assert.ok(new Set(ids).size > 1900, `${new Set(ids).size} different ids`)
  const steps = new Set(ids.map((id, i) => (id - (ids[i - 1] ?? 0)) & 0xffff))
  assert.ok(steps.size > 1900, `${steps.size} different steps from id to id`)
  const ports = new Set(upstream.seen.map(({ from }) => from))
  assert.ok(ports.size >= 16, `${ports.size} ports`)
})

for (const [what, script, { most, batches, batch }] of [
  ['2,048 queries', example, { most: 2048, batches: 21, batch: 100 }],
  // Each is put twice.
  ['512 queries that are not answered', silence, { most: 512, batches: 1, batch: 300 }],
] as const) {
  test(`a port is used for at most ${what}`, async () => {
    await using upstream = await startUpstream(script)
    await using server = await startLocal(`forward . ${upstream.to} {\nmax_idle_conns 1\nread_timeout 1s\n}`)
    for (let n = 0; n < batches; n++)
      await Promise.all(Array.from({ length: batch }, (_, i) => server.query(`n${n}-${i}.example.org.`)))
    const uses = Object.values(Object.groupBy(upstream.seen, ({ from }) => from)).map(seen => seen!.length)
    assert.equal(uses.length, 2)
    assert.equal(Math.max(...uses), most)
  })
}

test('a reply that comes twice is taken once, and is no sign of guessing', async () => {
  const twice: Script = async function* (asked) {
    const right = (await (asked.name.startsWith('t') ? truncated(reply(asked)) : example(asked))) as Buffer
    yield right
    yield right
  }
  await using upstream = await startUpstream(over({ udp: twice, tcp: delayed(20, example) }))
  await using server = await startLocal(`forward . ${upstream.to} {\nmax_idle_conns 1\n}`)
  for (let i = 0; i < 40; i++) await server.query(`n${i}.example.org.`)
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  assert.ok(upstream.seen.every(({ transport, from }) => transport === 'udp' && from === upstream.seen[0]!.from))
  await server.query('t.example.org.')
  assert.equal(upstream.seen.filter(({ transport }) => transport === 'tcp').length, 1)
})
