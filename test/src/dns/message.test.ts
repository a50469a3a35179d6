import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPTION, TYPE } from '#src/dns/codes.ts'
import { endOfName, FormatError, findOption, readEdns, readName, readRecord } from '#src/dns/message.ts'
import { toKey } from '#src/dns/name.ts'
import { hashOf } from '#src/dns/name-hash.ts'
import { optRecord } from '#test/support/message.ts'
import { writeRecord } from '#test/support/records.ts'

const HEADER = Buffer.alloc(12)

/** A message whose octets from 12 on are these. */
const behindHeader = (...parts: readonly (string | number)[]) =>
  Buffer.concat([HEADER, ...parts.map(part => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part, 'latin1')))])

const names: readonly (readonly [name: string, message: Buffer, at: number, end: number, text: string])[] = [
  ['spelled out', behindHeader('\x03WWW\x03org\0'), 12, 21, 'www.org'],
  ['the root', behindHeader(0), 12, 13, '.'],
  ['a pointer', behindHeader('\x03org\0', 0xc0, 12), 17, 19, 'org'],
  ['labels, then a pointer', behindHeader('\x03org\0', '\x01a\x01b', 0xc0, 12), 17, 23, 'a.b.org'],
  ['a pointer to a pointer', behindHeader('\x03org\0', '\x01a', 0xc0, 12, '\x01b', 0xc0, 17), 21, 25, 'b.a.org'],
  ['a pointer to the root', behindHeader(0, 0xc0, 12), 13, 15, '.'],
  ['octets over 127', behindHeader('\x02\xc3\x84\0'), 12, 16, 'Ä'],
  ['a label of 63 octets', behindHeader(63, 'a'.repeat(63), 0), 12, 77, 'a'.repeat(63)],
  [
    'a name of 255 octets',
    behindHeader(...Array.from({ length: 127 }, () => '\x01a'), 0),
    12,
    12 + 255,
    Array.from({ length: 127 }, () => 'a').join('.'),
  ],
]

for (const [name, message, at, end, text] of names) {
  test(`a name: ${name}`, () => {
    assert.equal(endOfName(message, at), end)
    assert.deepEqual(readName(message, at), { key: toKey(text), hash: hashOf(toKey(text)) })
  })
}

const broken: readonly (readonly [name: string, message: Buffer, at: number, reason: RegExp])[] = [
  ['nothing', HEADER, 12, /runs over the end of the message at octet 12/],
  ['a label that is cut off', behindHeader('\x07exam'), 12, /runs over the end/],
  ['no root at the end', behindHeader('\x03org'), 12, /runs over the end/],
  ['half a pointer', behindHeader(0xc0), 12, /pointer runs over the end/],
  ['a pointer to itself', behindHeader(0xc0, 12), 12, /does not point backward/],
  ['a pointer into its own labels', behindHeader('\x01a', 0xc0, 12), 12, /does not point backward/],
  ['a pointer forward', behindHeader(0xc0, 20, '\x03org\0'), 12, /does not point backward/],
  ['a pointer into the header', behindHeader('\x01a', 0xc0, 11), 12, /does not point backward/],
  ['two pointers in a ring', behindHeader('\x01a', 0xc0, 16, '\x01b', 0xc0, 12), 16, /does not point backward/],
  ['two pointers in a ring before the name', behindHeader(0xc0, 14, 0xc0, 12, '\x01a', 0xc0, 12), 16, /does not point backward/],
  ['labels of type 01', behindHeader(0x40, 0), 12, /label type 1 at octet 12/],
  ['labels of type 10', behindHeader(0x80, 0), 12, /label type 2 at octet 12/],
  ['256 octets', behindHeader(63, 'a'.repeat(63), ...Array.from({ length: 96 }, () => '\x01a'), 0), 12, /longer than 255/],
  [
    '256 octets by way of a pointer',
    behindHeader(...Array.from({ length: 126 }, () => '\x01a'), 0, '\x02bb', 0xc0, 12),
    12 + 253,
    /longer than 255/,
  ],
]

for (const [name, message, at, reason] of broken) {
  test(`no name: ${name}`, () =>
    assert.throws(
      () => endOfName(message, at),
      (error: unknown) => error instanceof FormatError && reason.test(error.message),
    ))
}

test('a record: where its parts stand', () => {
  const record = writeRecord('example.org. 300 IN TXT "abc"')
  const message = Buffer.concat([HEADER, record])
  assert.deepEqual(readRecord(message, 12), { fixed: 25, end: message.length, type: TYPE.TXT })
})

for (const [name, cut, reason] of [
  ['its data', 1, /data at octet \d+ runs over the end/],
  ['its fixed part', 5, /record is cut off at octet 25/],
  ['its name', 20, /name runs over the end/],
] as const) {
  test(`a record that is cut in ${name}`, () => {
    const message = Buffer.concat([HEADER, writeRecord('example.org. 300 IN TXT "abc"')])
    assert.throws(() => readRecord(message.subarray(0, -cut), 12), reason)
  })
}

const cookie = Buffer.from('12345678')

test('EDNS: size, version, DO, options', () => {
  const opt = optRecord({ udpSize: 4096, version: 1, dnssecOk: true, options: [[65001, Buffer.alloc(0)], [OPTION.COOKIE, cookie]] }) // biome-ignore format: short
  opt[5] = 0xab
  const edns = readEdns(opt, 1)
  assert.deepEqual({ ...edns, options: edns.options.length }, { udpSize: 4096, extendedRcode: 0xab, version: 1, dnssecOk: true, options: 16 }) // biome-ignore format: short
  assert.deepEqual(findOption(edns, OPTION.COOKIE), cookie)
  assert.deepEqual(findOption(edns, 65001), Buffer.alloc(0))
  assert.equal(findOption(edns, OPTION.NSID), undefined)
})

test('EDNS: sizes below 512 count as 512 (RFC 6891 §6.2.3)', () => {
  for (const udpSize of [0, 511, 512]) assert.equal(readEdns(optRecord({ udpSize }), 1).udpSize, 512)
  assert.equal(readEdns(optRecord({ udpSize: 513 }), 1).udpSize, 513)
})

test('EDNS: of an option that comes twice, the first counts', () => {
  const edns = readEdns(optRecord({ options: [[OPTION.COOKIE, cookie], [OPTION.COOKIE, Buffer.alloc(9)]] }), 1) // biome-ignore format: short
  assert.deepEqual(findOption(edns, OPTION.COOKIE), cookie)
})

for (const [name, options, reason] of [
  ['half a head', '000a00', /option is cut off/],
  ['less data than it says', '000a000401', /runs over its record/],
  ['half a head behind a whole option', '000a0001ff00', /option is cut off/],
] as const) {
  test(`EDNS options that are not whole: ${name}`, () => {
    const data = Buffer.from(options, 'hex')
    const opt = Buffer.concat([optRecord(), data])
    opt.writeUInt16BE(data.length, 9)
    assert.throws(
      () => readEdns(opt, 1),
      (error: unknown) => error instanceof FormatError && reason.test(error.message),
    )
  })
}

test('16,000 options are looked through in no time', () => {
  const edns = readEdns(optRecord({ options: Array.from({ length: 16_000 }, () => [65001, Buffer.alloc(0)] as const) }), 1)
  const started = performance.now()
  for (let i = 0; i < 100; i++) assert.equal(findOption(edns, OPTION.COOKIE), undefined)
  assert.ok(performance.now() - started < 1000)
})
