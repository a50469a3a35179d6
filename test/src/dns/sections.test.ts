import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toAddress, toOctets } from '#src/dns/address.ts'
import { TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { NO_RECORDS, Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { readAnswer } from '#test/support/message.ts'
import { writeRecord } from '#test/support/records.ts'
import { messageOf } from './message-of.ts'

const web = toKey('web.example.org')
const ns = toKey('ns.example.org')
const address = (text: string) => toOctets(text)!

const whole = new SectionsBuilder(web)
  .name(web, TYPE.CNAME, 300, ns)
  .address(ns, 30, address('192.0.2.1'))
  .address(ns, 30, address('192.0.2.2'))
  .authority()
  .name(toKey('example.org'), TYPE.NS, 60, ns)
  .additional()
  .address(ns, 20, address('2001:db8::1'))
  .address(ns, 20, address('2001:db8::2'))
  .build()

/** Records spelled out, as servers that do not compress write them. */
const spelled = (...lines: readonly string[]) =>
  new Sections(Buffer.concat(lines.map(writeRecord)), lines.length, 0, 0, 12 + web.length + 4)

test('spans are the records in their order', () => {
  assert.deepEqual(
    whole.spans.map(({ type }) => type),
    [TYPE.CNAME, TYPE.A, TYPE.A, TYPE.NS, TYPE.AAAA, TYPE.AAAA],
  )
  assert.equal(whole.spans[0]!.start, 0)
  for (const [i, span] of whole.spans.entries()) assert.equal(span.end, whole.spans[i + 1]?.start ?? whole.bytes.length)
  assert.deepEqual(whole.answerSpans, whole.spans.slice(0, 3))
  assert.deepEqual(NO_RECORDS.spans, [])
})

const kept: readonly (readonly [name: string, answers: number, authorities: number])[] = [
  ['without additional records', 3, 1],
  ['the answer alone', 3, 0],
  ['a part of the answer', 2, 0],
  ['nothing', 0, 0],
]

for (const [name, answers, authorities] of kept) {
  test(`keep: ${name}`, () => {
    const all = readAnswer(messageOf(web, whole))
    const { answer, authority, additional } = readAnswer(messageOf(web, whole.keep(answers, authorities)))
    assert.deepEqual([answer, authority, additional], [all.answer.slice(0, answers), all.authority.slice(0, authorities), []])
  })
}

test('keep: only the end can be cut away', () => {
  assert.throws(() => whole.keep(2, 1), RangeError)
})

const ttls: readonly (readonly [name: string, sections: Sections, ttl: number | undefined])[] = [
  ['of all sections', whole, 20],
  ['without records', NO_RECORDS, undefined],
  ['of zero', spelled('web.example.org. 0 IN A 192.0.2.1', 'web.example.org. 5 IN A 192.0.2.2'), 0],
  ['of 2^31 - 1', spelled('web.example.org. 2147483647 IN A 192.0.2.1'), 2147483647],
  ['with its top bit set, which is long (RFC 8767 §4)', spelled('web.example.org. 2147483648 IN A 192.0.2.1'), 2147483647],
]

for (const [name, sections, ttl] of ttls) {
  test(`smallest TTL: ${name}`, () => assert.equal(sections.minimumTtl, ttl))
}

/** Each group as the addresses in it. */
const groupsOf = (sections: Sections) =>
  sections.addressGroups.map(({ offsets, length }) => offsets.map(at => toAddress(sections.bytes.subarray(at, at + length))))

const groups: readonly (readonly [name: string, sections: Sections, groups: readonly string[][]])[] = [
  ['by owner and family, in all sections', whole, [['192.0.2.1', '192.0.2.2'], ['2001:db8::1', '2001:db8::2']]],
  ['a single address has no order', whole.keep(2, 0), []],
  ['no records', NO_RECORDS, []],
  [
    'families apart, also where they alternate',
    new SectionsBuilder(web)
      .address(web, 1, address('192.0.2.1'))
      .address(web, 1, address('::1'))
      .address(web, 1, address('192.0.2.2'))
      .address(web, 1, address('::2'))
      .build(),
    [['192.0.2.1', '192.0.2.2'], ['::1', '::2']],
  ],
  [
    'owners apart',
    new SectionsBuilder(web)
      .address(web, 1, address('192.0.2.1'))
      .address(ns, 1, address('192.0.2.2'))
      .address(web, 1, address('192.0.2.3'))
      .address(ns, 1, address('192.0.2.4'))
      .build(),
    [['192.0.2.1', '192.0.2.3'], ['192.0.2.2', '192.0.2.4']],
  ],
  [
    'owners that are spelled out each time',
    spelled('a.example.org. 1 IN A 192.0.2.1', 'b.example.org. 1 IN A 192.0.2.2', 'a.example.org. 1 IN A 192.0.2.3'),
    [['192.0.2.1', '192.0.2.3']],
  ],
  [
    'address records of a wrong length stay where they are',
    spelled('a.example.org. 1 IN TYPE1 \\# 5 0102030405', 'a.example.org. 1 IN TYPE1 \\# 5 0102030406', 'a.example.org. 1 IN TYPE28 \\# 4 01020304'),
    [],
  ],
] // biome-ignore format: a table

for (const [name, sections, expected] of groups) {
  test(`addresses whose order is free: ${name}`, () => assert.deepEqual(groupsOf(sections), expected))
}

test('arrange gives the addresses of each group another order, and leaves the original alone', () => {
  const before = Buffer.from(whole.bytes)
  const reversed = whole.arrange(addresses => addresses.toReversed())
  assert.deepEqual(groupsOf(reversed), [['192.0.2.2', '192.0.2.1'], ['2001:db8::2', '2001:db8::1']]) // biome-ignore format: a table
  assert.deepEqual(Buffer.from(whole.bytes), before)
  const { answer, additional } = readAnswer(messageOf(web, reversed))
  assert.deepEqual(answer.slice(1), ['ns.example.org. 30 IN A 192.0.2.2', 'ns.example.org. 30 IN A 192.0.2.1'])
  assert.deepEqual(additional, ['ns.example.org. 20 IN AAAA 2001:db8::2', 'ns.example.org. 20 IN AAAA 2001:db8::1'])
})
