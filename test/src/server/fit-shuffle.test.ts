import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toKey } from '#src/dns/name.ts'
import { answer, type Reply } from '#src/dns/reply.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { fit } from '#src/server/fit.ts'
import { octetsOf } from '#src/transport/transport.ts'
import { queryOf } from '#test/support/exchange.ts'
import { readAnswer } from '#test/support/message.ts'

const web = toKey('web.example.org')
const shuffled = (reply: Reply): Reply => Object.assign(reply, { shuffle: true })

function addresses(count: number) {
  const builder = new SectionsBuilder(web)
  for (let i = 0; i < count; i++) builder.address(web, 30, Buffer.of(192, 0, 2, i))
  return builder.build()
}

/** The last octets of the addresses that are sent. Each record takes 16 octets. */
function drawn(reply: Reply): number[] {
  const message = octetsOf(fit(queryOf('web.example.org'), reply))
  const start = message.length - 16 * message.readUInt16BE(6)
  return Array.from({ length: message.readUInt16BE(6) }, (_, i) => message[start + 16 * i + 15]!)
}

/** Pearson's statistic: the sum of (seen - expected)² / expected. */
const chiSquare = (seen: readonly number[], expected: number) =>
  seen.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)

test('every order of four addresses comes equally often', () => {
  const sections = addresses(4)
  const orders = new Map<string, number>()
  const draws = 12_000
  for (let i = 0; i < draws; i++) {
    const order = drawn(shuffled(answer(sections))).join()
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }
  assert.equal(orders.size, 24)
  // With 23 degrees of freedom, more than 70 comes once in a million runs.
  assert.ok(chiSquare([...orders.values()], draws / 24) < 70)
})

test('no address is lost or doubled, and the shared sections stay as they are', () => {
  const sections = addresses(20)
  const before = Buffer.from(sections.bytes)
  for (let i = 0; i < 100; i++) {
    assert.deepEqual(
      drawn(shuffled(answer(sections))).sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, n) => n),
    )
  }
  assert.deepEqual(Buffer.from(sections.bytes), before)
})

test('the addresses of a cut answer are drawn from all: a client that takes them as they are reaches every pod', () => {
  const sections = addresses(58)
  const counts = Array.from({ length: 58 }, () => 0)
  const draws = 5000
  for (let i = 0; i < draws; i++) {
    const sent = drawn(shuffled(answer(sections)))
    assert.equal(sent.length, 29)
    assert.equal(new Set(sent).size, 29)
    for (const n of sent) counts[n]!++
  }
  // Each address is in half of the answers; 57 degrees of freedom (and less spread than independent draws have).
  assert.ok(chiSquare(counts, draws / 2) < 130)
})

test('each owner keeps its own addresses, each family its own, aliases their place', () => {
  const ns = toKey('ns.example.org')
  const builder = new SectionsBuilder(web).name(web, 5, 30, ns)
  for (let i = 1; i <= 3; i++) builder.address(ns, 30, Buffer.of(192, 0, 2, i)).address(ns, 30, Buffer.alloc(16, i))
  builder.additional()
  for (let i = 1; i <= 3; i++) builder.address(web, 30, Buffer.of(10, 0, 0, i))
  const sections = builder.build()
  const still = readAnswer(octetsOf(fit(queryOf('web.example.org'), answer(sections))))
  const seen = new Set<string>()
  for (let i = 0; i < 200; i++) {
    const { answer: sent, additional } = readAnswer(octetsOf(fit(queryOf('web.example.org'), shuffled(answer(sections)))))
    assert.deepEqual(
      sent.map(line => line.split(' ')[3]),
      ['CNAME', 'A', 'AAAA', 'A', 'AAAA', 'A', 'AAAA'],
    )
    assert.deepEqual(sent.toSorted(), still.answer.toSorted())
    assert.deepEqual(additional.toSorted(), still.additional.toSorted())
    seen.add([...sent, ...additional].join())
  }
  assert.ok(seen.size > 50)
})

test('without shuffle, the order is that of the sections', () => {
  const sections = addresses(10)
  for (let i = 0; i < 20; i++) assert.deepEqual(drawn(answer(sections)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})
