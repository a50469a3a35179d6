import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FLAG, TYPE } from '#src/dns/codes.ts'
import { replyLength } from '#src/dns/length.ts'
import { toKey } from '#src/dns/name.ts'
import { writeOpt, writeQuery } from '#src/dns/query.ts'
import { answer, failure, nameError, noData, refused } from '#src/dns/reply.ts'
import { NO_RECORDS, SectionsBuilder } from '#src/dns/sections.ts'
import { queryOf } from '#test/support/exchange.ts'
import { optRecord, queryMessage, readAnswer } from '#test/support/message.ts'

test('a query as its message says: name in lower case and escaped, id, flags, opcode', () => {
  const query = queryOf('WWW.a\\.b.Example.ORG', 'AAAA', { id: 0xfedc, flags: 0x0130 })
  assert.equal(query.name, 'www.a\\.b.example.org.')
  assert.equal(query.key, toKey('www.a\\.b.example.org'))
  assert.deepEqual([query.id, query.flags, query.opcode, query.type, query.class], [0xfedc, 0x0130, 0, TYPE.AAAA, 1])
})

const sizes: readonly (readonly [name: string, options: Parameters<typeof queryOf>[2], size: number])[] = [
  ['UDP without EDNS', {}, 512],
  ['UDP with EDNS', { edns: { udpSize: 1232 } }, 1232],
  ['UDP with an EDNS size that is too small', { edns: { udpSize: 100 } }, 512],
  ['TCP', { transport: 'tcp' }, 65535],
  ['TCP with EDNS', { transport: 'tcp', edns: { udpSize: 1232 } }, 65535],
]

for (const [name, options, size] of sizes) {
  test(`the largest reply: ${name}`, () => assert.equal(queryOf('example.org', 'A', options).replySize, size))
}

test('a copy outlives its message', () => {
  const query = queryOf('example.org', 'A', { id: 7, edns: { options: [[10, Buffer.from('12345678')]] } })
  query.zone = 'org.'
  const copy = query.copy(FLAG.AD)
  const before = Buffer.from(query.message)
  query.message.fill(0xff)
  query.edns!.options.fill(0xff)
  assert.equal(copy.flags, 0x0120)
  assert.deepEqual(Buffer.from(copy.message).subarray(4), before.subarray(4))
  assert.deepEqual(Buffer.from(copy.edns!.options).toString('latin1'), '\0\x0a\0\x0812345678')
  assert.deepEqual([copy.id, copy.key, copy.zone, copy.depth, copy.client], [7, query.key, 'org.', 0, query.client])
})

test('a derived query asks something else for the same client, one step deeper', () => {
  const query = queryOf('example.org', 'A', { id: 7, flags: 0x0170, edns: { dnssecOk: true, udpSize: 4096 } })
  const derived = query.derive(toKey('b.example.net'), TYPE.AAAA)
  assert.deepEqual(readAnswer(Buffer.from(derived.message)).question, 'b.example.net. IN AAAA')
  // RD and CD are what the client asks for; AD and Z are not passed on.
  assert.deepEqual(
    [derived.id, derived.flags, derived.depth, derived.key, derived.type],
    [7, 0x0110, 1, toKey('b.example.net'), 28],
  )
  assert.equal(derived.questionEnd, derived.message.length)
  assert.equal(derived.replySize, 4096)
  assert.equal(derived.derive(query.key, TYPE.A).depth, 2)
  assert.equal(derived.name, 'b.example.net.')
})

test('a replaced question is asked by the same client in the same way', () => {
  const query = queryOf('example.org', 'A', { id: 7, flags: 0x0170, edns: { dnssecOk: true, udpSize: 4096 } })
  query.zone = 'org.'
  const replaced = query.replace({ key: toKey('b.example.net'), type: TYPE.AAAA, class: 3, upstreamOptions: 'x' })
  assert.deepEqual(readAnswer(Buffer.from(replaced.message)).question, 'b.example.net. CH AAAA')
  assert.equal(replaced.questionEnd, replaced.message.length)
  assert.equal(replaced.hash, queryOf('b.example.net').hash)
  const { id, flags, depth, key, type, edns, zone } = replaced
  assert.deepEqual([id, flags, depth, key, type, edns, zone], [7, 0x0170, 0, toKey('b.example.net'), 28, query.edns, 'org.'])
  for (const later of [replaced, replaced.copy(0), replaced.derive(query.key, TYPE.A)]) assert.equal(later.upstreamOptions, 'x')
})

test('queries and OPT records are written as others write them', () => {
  assert.deepEqual(writeQuery(toKey('example.org'), TYPE.A, { id: 9 }), queryMessage('example.org', 'A', { id: 9 }))
  assert.deepEqual(
    writeQuery(toKey('example.org'), TYPE.TXT, { id: 9, flags: 0x7910, class: 3 }),
    queryMessage('example.org', 'TXT', { id: 9, flags: 0x0110, class: 3 }),
  )
  const options = Buffer.from('000a000401020304', 'hex')
  assert.deepEqual(
    writeOpt(1232, { dnssecOk: true, options }),
    optRecord({ udpSize: 1232, dnssecOk: true, options: [[10, options.subarray(4)]] }),
  )
  assert.equal(writeOpt(512, { extendedRcode: 1 })[5], 1)
})

test('replies by name', () => {
  const key = toKey('example.org')
  const sections = new SectionsBuilder(key).address(key, 5, Buffer.of(192, 0, 2, 1)).build()
  const cause = new Error('why')
  const replies = {
    answer: answer(sections),
    noData: noData(),
    nameError: nameError(sections),
    refused: refused(),
    failure: failure(cause),
  }
  assert.deepEqual(
    Object.entries(replies).map(([name, reply]) => [name, reply.rcode, reply.flags, reply.sections.answers, reply.cause]),
    [
      ['answer', 0, FLAG.AA, 1, undefined],
      ['noData', 0, FLAG.AA, 0, undefined],
      ['nameError', 3, FLAG.AA, 1, undefined],
      ['refused', 5, 0, 0, undefined],
      ['failure', 2, 0, 0, cause],
    ],
  )
  assert.equal(replies.noData.sections, NO_RECORDS)
})

test('the length of a reply counts question, records and OPT', () => {
  const key = toKey('example.org')
  const sections = new SectionsBuilder(key).address(key, 5, Buffer.of(192, 0, 2, 1)).build()
  assert.equal(replyLength(queryOf('example.org'), answer(sections)), 12 + 13 + 4 + 16)
  assert.equal(replyLength(queryOf('example.org', 'A', { edns: true }), answer(sections)), 12 + 13 + 4 + 16 + 11)
})
