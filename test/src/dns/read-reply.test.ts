import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, FLAG, OPTION, RCODE, TYPE } from '#src/dns/codes.ts'
import { FormatError, readReply } from '#src/dns/message.ts'
import { toKey } from '#src/dns/name.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { optRecord, queryMessage, readAnswer } from '#test/support/message.ts'
import { messageFrom, writeRecord } from '#test/support/records.ts'
import { messageOf } from './message-of.ts'

const query = queryMessage('Example.ORG', 'A', { id: 0xabcd })
const A = 'example.org. 300 IN A 192.0.2.1'
const NS = 'example.org. 300 IN NS ns.example.org.'
const GLUE = ['ns.example.org. 300 IN A 192.0.2.53', 'ns.example.org. 300 IN AAAA 2001:db8::53']

/** A reply with these additional records in wire form. */
const withAdditional = (...additional: readonly Buffer[]): Buffer => {
  const message = Buffer.concat([messageFrom(query, [A], { authority: [NS] }), ...additional])
  message.writeUInt16BE(additional.length, 10)
  return message
}

/** What is left of a reply, as records. */
const recordsOf = (message: Buffer) => {
  const reply = readReply(message)
  const { answer, authority, additional } = readAnswer(messageOf(toKey('example.org'), reply.sections))
  return { answer, authority, additional }
}

test('rcode and records', () => {
  const reply = readReply(messageFrom(query, [A], { flags: FLAG.AA, authority: [NS], additional: GLUE }))
  assert.equal(reply.rcode, RCODE.NOERROR)
  assert.deepEqual([reply.sections.answers, reply.sections.authorities, reply.sections.additionals], [1, 1, 2])
  assert.equal(reply.sections.base, query.length)
})

test('of the flags, AA, RA and AD go on', () => {
  const reply = readReply(messageFrom(query, [A], { flags: FLAG.AA | FLAG.AD | FLAG.CD | FLAG.Z }))
  assert.equal(reply.flags, FLAG.AA | FLAG.AD | FLAG.RA)
})

const opt = optRecord({ udpSize: 4096 })
const glue = GLUE.map(writeRecord)

const places: readonly (readonly [name: string, message: Buffer, additional: readonly string[]])[] = [
  ['no OPT', withAdditional(...glue), GLUE],
  ['OPT alone', withAdditional(opt), []],
  ['OPT last', withAdditional(...glue, opt), GLUE],
  ['OPT in the middle: what stands behind it is dropped', withAdditional(glue[0]!, opt, glue[1]!), GLUE.slice(0, 1)],
  ['OPT first', withAdditional(opt, ...glue), []],
]

for (const [name, message, additional] of places) {
  test(`OPT is taken out: ${name}`, () => {
    assert.deepEqual(recordsOf(message), { answer: [A], authority: [NS], additional })
  })
}

test('the rcode is put together from header and OPT', () => {
  const extended = Buffer.from(opt)
  extended[5] = 1
  assert.equal(readReply(withAdditional(extended)).rcode, RCODE.BADVERS)
  const message = withAdditional(extended)
  message[3] = (message[3]! & 0xf0) | 7
  assert.equal(readReply(message).rcode, RCODE.BADCOOKIE)
  assert.equal(readReply(messageFrom(query, [], { rcode: RCODE.NXDOMAIN })).rcode, RCODE.NXDOMAIN)
})

const errors: readonly (readonly [name: string, data: string, error: { code: number; text: string } | undefined])[] = [
  ['with text', '0017626c6f636b6564', { code: 23, text: 'blocked' }],
  ['without text', '0003', { code: 3, text: '' }],
  ['in UTF-8', '0000c3a4', { code: 0, text: 'ä' }],
  ['without a code', '00', undefined],
]

for (const [name, data, error] of errors) {
  test(`an extended error ${name} (RFC 8914)`, () => {
    const message = withAdditional(optRecord({ options: [[OPTION.EDE, Buffer.from(data, 'hex')]] }))
    assert.deepEqual(readReply(message).extendedError, error)
  })
}

test('a reply with TC has no records of use, but is a reply', () => {
  const message = messageFrom(query, [A], { flags: FLAG.TC })
  for (const candidate of [message, message.subarray(0, -3)]) {
    const { flags, sections } = readReply(candidate)
    assert.equal(flags, FLAG.TC | FLAG.RA)
    assert.equal(sections, NO_RECORDS)
  }
})

test('a reply without a question, as FORMERR comes from old servers', () => {
  const { rcode, sections } = readReply(Buffer.from('abcd80010000000000000000', 'hex'))
  assert.equal(rcode, RCODE.FORMERR)
  assert.equal(sections, NO_RECORDS)
})

const noReplies: readonly (readonly [name: string, message: Buffer, reason: RegExp])[] = [
  ['nothing', Buffer.alloc(0), /shorter than a header/],
  ['11 octets', messageFrom(query).subarray(0, 11), /shorter than a header/],
  ['a query', query, /is a query/],
  ['two questions', withCount(messageFrom(query), 4, 2), /2 questions/],
  ['a question that is cut off', messageFrom(query).subarray(0, -1), /question is cut off/],
  ['fewer records than it says', withCount(messageFrom(query, [A]), 6, 2), /runs over the end/],
  ['an octet too few', messageFrom(query, [A]).subarray(0, -1), /runs over the end/],
  ['65,535 records that are not there', withCount(messageFrom(query), 6, 65535), /runs over the end/],
  ['OPT among the answers', withCount(Buffer.concat([messageFrom(query), opt]), 6, 1), /OPT record out of place/],
  ['OPT with an owner', withAdditional(Buffer.concat([Buffer.from('\x03org'), opt])), /OPT record out of place/],
  ['an EDNS option that is cut off', withAdditional(brokenOpt()), /option is cut off/],
  ['an alias for itself, by pointers', withData(TYPE.CNAME, [0xc0, query.length + 12]), /does not point backward/],
  ['an alias for what comes later', withData(TYPE.CNAME, [0xc0, 0x7f]), /does not point backward/],
  ['an alias for nothing', withData(TYPE.CNAME, []), /is cut off/],
  ['a name that is longer than its data', withData(TYPE.NS, [3, 110, 115]), /runs over/],
  ['a name that begins behind its data', withData(TYPE.MX, [0]), /is cut off/],
  ['a service without a name', withData(TYPE.SRV, [0, 0, 0, 0, 0, 80]), /is cut off/],
  ['an SOA record with one name', withData(TYPE.SOA, [0xc0, 12]), /is cut off/],
  ['an SOA record with too few numbers', withData(TYPE.SOA, [0xc0, 12, 0xc0, 12, ...Array(19).fill(0)]), /wrong length/],
  ['an IPv4 address of three octets', withData(TYPE.A, [192, 0, 2]), /wrong length/],
  ['an IPv6 address of four octets', withData(TYPE.AAAA, [192, 0, 2, 1]), /wrong length/],
]

/** A reply with one answer, whose owner is the question's name. */
function withData(type: number, data: readonly number[], classCode: number = CLASS.IN): Buffer {
  const record = Buffer.of(0xc0, 12, 0, type, 0, classCode, 0, 0, 0, 60, 0, data.length, ...data)
  return withCount(Buffer.concat([messageFrom(query), record]), 6, 1)
}

function withCount(message: Buffer, at: number, count: number): Buffer {
  const copy = Buffer.from(message)
  copy.writeUInt16BE(count, at)
  return copy
}

function brokenOpt(): Buffer {
  const broken = Buffer.concat([optRecord(), Buffer.of(0)])
  broken.writeUInt16BE(1, 9)
  return broken
}

for (const [name, message, reason] of noReplies) {
  test(`no reply: ${name}`, () =>
    assert.throws(
      () => readReply(message),
      (error: unknown) => error instanceof FormatError && reason.test(error.message),
    ))
}

test('data are taken that others may mind, and addresses of Chaosnet', () => {
  for (const message of [
    withData(TYPE.TXT, [200]),
    withData(TYPE.A, [3, 99, 104, 97, 0, 0, 1], CLASS.CH),
    withData(TYPE.SOA, [0xc0, 12, 0xc0, 12, ...Array(20).fill(0)]),
    withData(TYPE.NAPTR, [0, 1, 0, 1, 0, 0, 0, 0xc0, 12]),
  ])
    assert.equal(readReply(message).sections.answers, 1)
})

test('whatever a reply looks like, it is read or refused, never thrown over', () => {
  const whole = withAdditional(...glue, optRecord({ options: [[OPTION.EDE, Buffer.from('\0\x17x')]] }))
  for (let end = 0; end <= whole.length; end++) {
    for (const octet of [0x00, 0x3f, 0xc0, 0xff]) {
      const message = Buffer.from(whole)
      message[Math.min(end, whole.length - 1)] = octet
      for (const candidate of [message, whole.subarray(0, end)]) {
        try {
          readReply(candidate)
        } catch (error) {
          assert.ok(error instanceof FormatError, `octet ${end} = ${octet}: ${error}`)
        }
      }
    }
  }
})
