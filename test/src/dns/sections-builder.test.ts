import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toOctets } from '#src/dns/address.ts'
import { TYPE } from '#src/dns/codes.ts'
import { ROOT, toKey } from '#src/dns/name.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { readAnswer } from '#test/support/message.ts'
import { messageOf } from './message-of.ts'

const question = toKey('web.example.org')
const soa = {
  mname: toKey('ns.dns.example.org'),
  rname: toKey('host\\.master.example.org'),
  serial: 4294967295,
  refresh: 7200,
  retry: 1800,
  expire: 86400,
  minimum: 5,
}

const kinds: readonly (readonly [name: string, write: (builder: SectionsBuilder) => SectionsBuilder, line: string])[] = [
  ['A', b => b.address(question, 30, toOctets('192.0.2.1')!), 'web.example.org. 30 IN A 192.0.2.1'],
  ['AAAA', b => b.address(question, 30, toOctets('2001:db8::1')!), 'web.example.org. 30 IN AAAA 2001:db8::1'],
  ['CNAME', b => b.name(question, TYPE.CNAME, 0, toKey('b.example.net')), 'web.example.org. 0 IN CNAME b.example.net.'],
  ['CNAME to the root', b => b.name(question, TYPE.CNAME, 0, ROOT), 'web.example.org. 0 IN CNAME .'],
  [
    'PTR',
    b => b.name(toKey('1.2.0.192.in-addr.arpa'), TYPE.PTR, 5, question),
    '1.2.0.192.in-addr.arpa. 5 IN PTR web.example.org.',
  ],
  ['NS of the root', b => b.name(ROOT, TYPE.NS, 1, toKey('ns.example.org')), '. 1 IN NS ns.example.org.'],
  [
    'SRV',
    b => b.srv(toKey('_http._tcp.web.example.org'), 5, { priority: 1, weight: 65535, port: 8080, target: question }),
    '_http._tcp.web.example.org. 5 IN SRV 1 65535 8080 web.example.org.',
  ],
  [
    'SOA',
    b => b.soa(toKey('example.org'), 5, soa),
    'example.org. 5 IN SOA ns.dns.example.org. host\\.master.example.org. 4294967295 7200 1800 86400 5',
  ],
  ['TXT', b => b.strings(question, TYPE.TXT, 5, ['1.1.0', '']), 'web.example.org. 5 IN TXT "1.1.0" ""'],
  ['TXT of class CH', b => b.strings(question, TYPE.TXT, 5, ['v1'], 3), 'web.example.org. 5 CH TXT "v1"'],
  ['HINFO', b => b.strings(question, TYPE.HINFO, 5, ['RFC8482', '']), 'web.example.org. 5 IN HINFO "RFC8482" ""'],
  [
    'names of Object.prototype',
    b => b.name(toKey('__proto__'), TYPE.CNAME, 5, toKey('constructor.__proto__')),
    '__proto__. 5 IN CNAME constructor.__proto__.',
  ],
]

for (const [name, write, line] of kinds) {
  test(`a record: ${name}`, () => {
    const { answer } = readAnswer(messageOf(question, write(new SectionsBuilder(question)).build()))
    assert.deepEqual(answer, [line])
  })
}

test('all of them in one message, in three sections', () => {
  const builder = new SectionsBuilder(question)
  for (const [, write] of kinds) write(builder)
  builder.authority()
  for (const [, write] of kinds) write(builder)
  builder.additional()
  for (const [, write] of kinds) write(builder)
  const lines = kinds.map(([, , line]) => line)
  const { answer, authority, additional } = readAnswer(messageOf(question, builder.build()))
  assert.deepEqual([answer, authority, additional], [lines, lines, lines])
})

test('an owner that was asked for, or stands before, takes two octets', () => {
  const sections = new SectionsBuilder(question)
    .address(question, 30, toOctets('192.0.2.1')!)
    .address(toKey('other.example.org'), 30, toOctets('192.0.2.2')!)
    .address(toKey('other.example.org'), 30, toOctets('192.0.2.3')!)
    .build()
  const [first, second, third] = sections.spans.map(({ start, fixed }) =>
    Buffer.from(sections.bytes.subarray(start, fixed)).toString('hex'),
  )
  assert.equal(first, 'c00c')
  assert.equal(second, `05${Buffer.from('other').toString('hex')}c010`)
  assert.equal(third, `c0${(sections.base + sections.spans[1]!.start).toString(16)}`)
})

test('names within data are compressed, but for the target of SRV (RFC 2782)', () => {
  const sections = new SectionsBuilder(question)
    .name(question, TYPE.CNAME, 5, toKey('www.example.org'))
    .srv(question, 5, { priority: 0, weight: 0, port: 80, target: question })
    .build()
  const [cname, srv] = sections.spans
  assert.equal(cname!.end - cname!.fixed - 10, 6)
  assert.equal(srv!.end - srv!.fixed - 10, 6 + question.length)
})

test('names within octets of data are compressed where RFC 1035 has them', () => {
  const [web, soa] = [toKey('web.example.org'), '\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05']
  const sections = new SectionsBuilder(question)
    .octets(question, TYPE.CNAME, 5, web)
    .octets(question, TYPE.SOA, 5, web + toKey('mail.example.org') + soa)
    .octets(question, TYPE.MX, 5, `\0\x0a${web}`)
    .octets(question, TYPE.SRV, 5, `\0\x01\0\x02\0\x03${web}`)
    .octets(question, TYPE.TXT, 5, '\x02\xc3\xa9')
    .build()
  assert.deepEqual(readAnswer(messageOf(question, sections)).answer, [
    'web.example.org. 5 IN CNAME web.example.org.',
    'web.example.org. 5 IN SOA web.example.org. mail.example.org. 1 2 3 4 5',
    'web.example.org. 5 IN MX 10 web.example.org.',
    'web.example.org. 5 IN SRV 1 2 3 web.example.org.',
    'web.example.org. 5 IN TXT "\\195\\169"',
  ])
  assert.deepEqual(
    sections.spans.map(({ fixed, end }) => end - fixed - 10),
    [2, 2 + 7 + 20, 4, 6 + web.length, 3],
  )
})

test('a message for the root has nothing to compress against', () => {
  const sections = new SectionsBuilder(ROOT)
    .name(ROOT, TYPE.NS, 5, toKey('a.example.org'))
    .name(ROOT, TYPE.NS, 5, toKey('b.example.org'))
    .build()
  const { answer } = readAnswer(messageOf(ROOT, sections))
  assert.deepEqual(answer, ['. 5 IN NS a.example.org.', '. 5 IN NS b.example.org.'])
})

test('beyond 16,383 octets no pointer can reach: names there are spelled, and still right', () => {
  const builder = new SectionsBuilder(question)
  const names = Array.from({ length: 1500 }, (_, i) => `host-${i}.part-${i % 700}.example.org.`)
  for (const name of [...names, ...names]) builder.address(toKey(name), 30, toOctets('192.0.2.1')!)
  const sections = builder.build()
  assert.ok(sections.bytes.length > 0x8000)
  const { answer } = readAnswer(messageOf(question, sections))
  assert.deepEqual(
    answer,
    [...names, ...names].map(name => `${name} 30 IN A 192.0.2.1`),
  )
})

test('the last name that a pointer reaches, and the first that it does not', () => {
  /** One record as long as it takes for the next to stand at `offset`. */
  const filledTo = (offset: number) => {
    const octets = offset - (12 + question.length + 4) - 12
    const texts = Array.from({ length: Math.floor(octets / 255) }, () => 'x'.repeat(254))
    return new SectionsBuilder(question).strings(question, TYPE.TXT, 5, [...texts, 'x'.repeat((octets % 255) - 1)])
  }
  for (const [offset, ownerLength] of [
    [0x3fff, 2],
    [0x4000, 9],
  ] as const) {
    // biome-ignore format: a table
    const name = toKey('a.b.c.d')
    const sections = filledTo(offset).address(name, 5, toOctets('192.0.2.1')!).address(name, 5, toOctets('192.0.2.2')!).build()
    const [first, second] = sections.spans.slice(-2)
    assert.equal(sections.base + first!.start, offset)
    assert.equal(second!.fixed - second!.start, ownerLength)
    assert.deepEqual(readAnswer(messageOf(question, sections)).answer.slice(-2), [
      'a.b.c.d. 5 IN A 192.0.2.1',
      'a.b.c.d. 5 IN A 192.0.2.2',
    ])
  }
})

test('it grows with what is written, at once or little by little', () => {
  const long = Array.from({ length: 200 }, (_, i) => String(i % 10).repeat(255))
  const builder = new SectionsBuilder(question).strings(question, TYPE.TXT, 5, long)
  for (const text of long) builder.strings(question, TYPE.TXT, 5, [text])
  const { answer } = readAnswer(messageOf(question, builder.build()))
  assert.equal(answer[0], `web.example.org. 5 IN TXT ${long.map(text => `"${text}"`).join(' ')}`)
  assert.deepEqual(
    answer.slice(1),
    long.map(text => `web.example.org. 5 IN TXT "${text}"`),
  )
})

test('what is built is on memory of its own', () => {
  const { bytes } = new SectionsBuilder(question).address(question, 30, toOctets('192.0.2.1')!).build()
  assert.equal(bytes.buffer.byteLength, bytes.length)
})
