import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPTION, RCODE, TYPE } from '#src/dns/codes.ts'
import type { Query } from '#src/dns/query.ts'
import { Reply } from '#src/dns/reply.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { fit } from '#src/server/fit.ts'
import { octetsOf } from '#src/transport/transport.ts'
import { queryOf } from '#test/support/exchange.ts'
import { readAnswer } from '#test/support/message.ts'

const options = (query: Query, reply = new Reply(RCODE.NOERROR)) => readAnswer(octetsOf(fit(query, reply))).edns?.options

/** A query with a cookie of `data`. */
const withCookie = (data: Buffer, address?: string) =>
  queryOf('example.org', 'A', { edns: { options: [[OPTION.COOKIE, data]] }, ...(address && { address }) })
const cookieFor = (...args: Parameters<typeof withCookie>) => options(withCookie(...args))?.get(OPTION.COOKIE)

const mine = Buffer.from('abcdefgh')

test('a client’s cookie comes back with eight octets of ours', () => {
  const cookie = cookieFor(mine)
  assert.deepEqual(cookie?.subarray(0, 8), mine)
  assert.equal(cookie?.length, 16)
})

test('the server’s part stays the same for one client, whatever it sends as such', () => {
  assert.deepEqual(cookieFor(mine), cookieFor(mine))
  assert.deepEqual(cookieFor(Buffer.concat([mine, Buffer.alloc(8)])), cookieFor(mine))
  assert.deepEqual(cookieFor(Buffer.concat([mine, Buffer.alloc(32)])), cookieFor(mine))
})

test('another client, or another cookie, gets another', () => {
  const [ours, ofOtherClient, ofOtherCookie] = [
    cookieFor(mine),
    cookieFor(mine, '192.0.2.2'),
    cookieFor(Buffer.from('12345678')),
  ].map(cookie => cookie?.toString('hex', 8))
  assert.notEqual(ours, ofOtherClient)
  assert.notEqual(ours, ofOtherCookie)
})

test('an identifier of the server that the client has no room for is left out', () => {
  const identified = (length: number, udpSize: number) => {
    const query = queryOf('example.org', 'A', { edns: { udpSize } })
    query.edns!.nsid = Buffer.alloc(length)
    return options(query)?.get(OPTION.NSID)?.length
  }
  // Beside it there are 29 octets of header and question, 11 of OPT and 4 of its own.
  assert.deepEqual([identified(468, 512), identified(469, 512), identified(469, 1232)], [468, undefined, 469])
})

test('encrypted replies are padded to 468 octets for clients that ask for it', () => {
  const padding = Buffer.alloc(20)
  const asked = (transport: Query['transport'], name = 'example.org') =>
    queryOf(name, 'A', { edns: { options: [[OPTION.PADDING, padding]] }, transport })
  for (const transport of ['tls', 'https'] as const)
    for (const name of ['.', 'example.org', `${'a'.repeat(63)}.`.repeat(3)]) {
      const message = octetsOf(fit(asked(transport, name), new Reply(RCODE.NOERROR)))
      assert.equal(message.length, 468)
      const data = readAnswer(message).edns?.options.get(OPTION.PADDING)
      assert.ok(data?.every(octet => octet === 0))
    }
  for (const transport of ['udp', 'tcp'] as const) assert.equal(options(asked(transport))?.size, 0, transport)
  assert.equal(options(queryOf('example.org', 'A', { edns: true, transport: 'tls' }))?.size, 0)
})

test('padding stays within what a message may have, and needs room for itself', () => {
  const query = queryOf('example.org', 'A', { edns: { options: [[OPTION.PADDING, Buffer.alloc(0)]] }, transport: 'tls' })
  const bare = octetsOf(fit(query, new Reply(RCODE.NOERROR), 100)).length
  assert.equal(bare, 100)
  const records = (length: number) => {
    const builder = new SectionsBuilder(query.key)
    builder.record(query.key, TYPE.TXT, 1, 1, Buffer.alloc(length - 12))
    return builder.build()
  }
  for (const [left, total] of [
    [4, 468],
    [3, 936],
    [0, 936],
  ] as const) {
    const rest = 468 - left - query.questionEnd - 11
    assert.equal(octetsOf(fit(query, new Reply(RCODE.NOERROR, 0, records(rest)))).length, total)
    assert.equal(octetsOf(fit(query, new Reply(RCODE.NOERROR, 0, records(rest)), 468)).length, 468 - (left < 4 ? left : 0))
  }
})

const extended = (text?: string) =>
  Object.assign(new Reply(RCODE.SERVFAIL), { extendedError: { code: 22, ...(text !== undefined && { text }) } })

test('an extended error goes to clients that speak EDNS (RFC 8914)', () => {
  const error = options(queryOf('example.org', 'A', { edns: true }), extended('no upstream'))?.get(OPTION.EDE)
  assert.deepEqual(error, Buffer.from('\0\x16no upstream'))
  assert.deepEqual(options(queryOf('example.org', 'A', { edns: true }), extended())?.get(OPTION.EDE), Buffer.from('\0\x16'))
  assert.equal(options(queryOf('example.org'), extended('no upstream')), undefined)
})

test('an extended error costs no record: where there is no room, it goes without its text, or not at all', () => {
  const query = queryOf('example.org', 'A', { edns: { udpSize: 512 } })
  const told = (octets: number) => {
    const reply = extended('no upstream')
    reply.sections = new SectionsBuilder(query.key).record(query.key, TYPE.TXT, 1, 1, Buffer.alloc(octets - 12)).build()
    const { flags, answer, edns } = readAnswer(octetsOf(fit(query, reply)))
    assert.deepEqual([flags.includes('tc'), answer.length], [octets > 472, octets > 472 ? 0 : 1])
    return edns?.options.get(OPTION.EDE)?.toString('latin1', 2)
  }
  // Beside them there are 29 octets of header and question, 11 of OPT and 6 of the option.
  assert.deepEqual([455, 456, 466, 467, 472, 473].map(told), ['no upstream', '', '', undefined, undefined, undefined])
})

test('cookie and extended error go together', () => {
  assert.deepEqual([...options(withCookie(mine), extended('x'))!.keys()], [OPTION.COOKIE, OPTION.EDE])
})

for (const [name, text] of [
  ['ASCII', 'x'.repeat(100_000)],
  ['characters of several octets', 'ä€'.repeat(30_000)],
  ['characters outside the first plane', '𝄞'.repeat(30_000)],
] as const) {
  test(`the text of an extended error never makes a message too long: ${name}`, () => {
    const longest = `${'a'.repeat(63)}.`.repeat(3) + 'a'.repeat(61)
    const query = queryOf(longest, 'A', { edns: { udpSize: 512, options: [[OPTION.COOKIE, mine]] } })
    const reply = octetsOf(fit(query, extended(text)))
    assert.ok(reply.length <= 512, `${reply.length} octets`)
    const told = new TextDecoder('utf-8', { fatal: true }).decode(readAnswer(reply).edns!.options.get(OPTION.EDE)!.subarray(2))
    assert.ok(told.length > 30 && text.startsWith(told))
  })
}
