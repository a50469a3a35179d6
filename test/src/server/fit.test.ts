import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FLAG, OPTION, RCODE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import type { Query } from '#src/dns/query.ts'
import { answer, nameError, Reply } from '#src/dns/reply.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { fit, headerOnly } from '#src/server/fit.ts'
import { octetsOf } from '#src/transport/transport.ts'
import { queryOf } from '#test/support/exchange.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'

const web = toKey('web.example.org')
const soa = { mname: web, rname: web, serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 }

/** `count` addresses, an authority record, `extra` additional ones. */
function records({ count = 1, authorities = 0, extra = 0 } = {}) {
  const builder = new SectionsBuilder(web)
  for (let i = 0; i < count; i++) builder.address(web, 30, Buffer.of(10, 0, i >> 8, i & 255))
  builder.authority()
  for (let i = 0; i < authorities; i++) builder.soa(toKey('example.org'), 30, soa)
  builder.additional()
  for (let i = 0; i < extra; i++) builder.address(toKey('ns.example.org'), 30, Buffer.of(10, 1, i >> 8, i & 255))
  return builder.build()
}

const fitted = (query: Query, reply: Reply) => readAnswer(octetsOf(fit(query, reply)))

test('id and question go back as they came, case included', () => {
  const { id, question, opcode } = fitted(queryOf('WeB.eXample.ORG', 'A', { id: 0xbeef }), answer(records()))
  assert.deepEqual([id, question, opcode], [0xbeef, 'WeB.eXample.ORG. IN A', 0])
})

const headers: readonly (readonly [name: string, asked: number, reply: number, sent: string])[] = [
  ['nothing asked, nothing said', 0, 0, 'qr'],
  ['RD goes back', FLAG.RD, 0, 'qr rd'],
  ['CD goes back', FLAG.CD, 0, 'qr cd'],
  ['AD, Z, TC, AA and RA do not', FLAG.AD | FLAG.Z | FLAG.TC | FLAG.AA | FLAG.RA, 0, 'qr'],
  ['AA, RA and AD are the reply’s', FLAG.RD, FLAG.AA | FLAG.RA | FLAG.AD, 'qr aa rd ra ad'],
  ['TC is the reply’s', 0, FLAG.TC, 'qr tc'],
]

for (const [name, asked, flags, sent] of headers) {
  test(`header: ${name}`, () => {
    assert.equal(
      fitted(queryOf('web.example.org', 'A', { flags: asked }), new Reply(RCODE.NOERROR, flags, records())).flags,
      sent,
    )
  })
}

test('an rcode over 15 is spread over header and OPT', () => {
  const { rcode, raw } = fitted(queryOf('web.example.org', 'A', { edns: true }), new Reply(RCODE.BADVERS))
  assert.equal(rcode, 'BADVERS')
  assert.equal(raw[3]! & 15, 0)
})

test('an rcode over 15 is SERVFAIL for who sends no OPT', () => {
  assert.equal(fitted(queryOf('web.example.org', 'A'), new Reply(RCODE.BADCOOKIE)).rcode, 'SERVFAIL')
})

/** An address record takes 16 octets here, question and header 33, OPT 11, the authority record 51 with its names compressed. */
const sizes: readonly (readonly [
  name: string,
  options: Parameters<typeof queryOf>[2],
  sections: Parameters<typeof records>[0],
  sent: readonly [answers: number, authorities: number, additionals: number, truncated: boolean],
])[] = [
  ['fits exactly without EDNS: (512 - 33) / 16', {}, { count: 29 }, [29, 0, 0, false]],
  ['one too many without EDNS', {}, { count: 30 }, [29, 0, 0, true]],
  ['OPT takes its part of 512', { edns: { udpSize: 512 } }, { count: 30 }, [29, 0, 0, true]],
  ['fits into 1232: (1232 - 33 - 11) / 16', { edns: { udpSize: 1232 } }, { count: 74 }, [74, 0, 0, false]],
  ['one too many for 1232', { edns: { udpSize: 1232 } }, { count: 75 }, [74, 0, 0, true]],
  ['fits into 4096', { edns: { udpSize: 4096 } }, { count: 250 }, [250, 0, 0, false]],
  ['additional records are left out, all of them, without TC', {}, { count: 28, extra: 3 }, [28, 0, 0, false]],
  ['additional records that fit stay', {}, { count: 20, extra: 3 }, [20, 0, 3, false]],
  ['an authority record that does not fit is a truncation', {}, { count: 29, authorities: 1, extra: 1 }, [29, 0, 0, true]],
  ['authority stays when additional records go', {}, { count: 25, authorities: 1, extra: 9 }, [25, 1, 0, false]],
  ['TCP takes everything', { transport: 'tcp' }, { count: 4000, authorities: 1, extra: 2 }, [4000, 1, 2, false]],
  ['even TCP has an end', { transport: 'tcp' }, { count: 5000 }, [4093, 0, 0, true]],
]

for (const [name, options, sections, [answers, authorities, additionals, truncated]] of sizes) {
  test(`size: ${name}`, () => {
    const query = queryOf('web.example.org', 'A', options)
    const sent = fitted(query, answer(records(sections)))
    assert.deepEqual(
      [sent.answer.length, sent.authority.length, sent.additional.length, sent.flags.includes('tc')],
      [answers, authorities, additionals, truncated],
    )
    assert.ok(sent.raw.length <= query.replySize)
    assert.equal(sent.edns !== undefined, options?.edns !== undefined)
  })
}

test('no datagram is longer than IP carries, whatever the client says', () => {
  const query = queryOf('web.example.org', 'A', { edns: { udpSize: 65535 } })
  const { raw, flags } = fitted(query, answer(records({ count: 4093 })))
  assert.ok(raw.length <= 65507)
  assert.match(flags, /tc/)
})

test('every name and record that is cut leaves a whole message', () => {
  const builder = new SectionsBuilder(web)
  for (let i = 0; i < 40; i++) builder.srv(web, 30, { priority: 0, weight: 0, port: i, target: toKey(`host-${i}.example.net`) })
  for (let udpSize = 512; udpSize < 1600; udpSize++) {
    const { answer: sent, flags } = fitted(queryOf('web.example.org', 'SRV', { edns: { udpSize } }), answer(builder.build()))
    assert.equal(flags.includes('tc'), sent.length < 40)
  }
})

test('a TTL of the reply replaces that of every record', () => {
  const reply = Object.assign(answer(records({ count: 2, authorities: 1, extra: 1 })), { ttl: 7 })
  const sent = fitted(queryOf('web.example.org'), reply)
  for (const line of [...sent.answer, ...sent.authority, ...sent.additional]) assert.match(line, /^\S+ 7 /)
  assert.equal(reply.sections.minimumTtl, 30)
  const cut = fitted(queryOf('web.example.org'), Object.assign(answer(records({ count: 40 })), { ttl: 0 }))
  for (const line of cut.answer) assert.match(line, /^\S+ 0 /)
})

test('NXDOMAIN carries its SOA, and no shuffling harms it', () => {
  const reply = Object.assign(nameError(records({ count: 0, authorities: 1 })), { shuffle: true })
  assert.deepEqual(fitted(queryOf('web.example.org'), reply).authority, [
    'example.org. 30 IN SOA web.example.org. web.example.org. 1 2 3 4 5',
  ])
})

test('EDNS is answered with EDNS: our size, version 0, the client’s DO, no option that was not asked for', () => {
  const options = [OPTION.NSID, OPTION.ECS, OPTION.PADDING, 100].map(code => [code, Buffer.alloc(8)] as const)
  const { edns } = fitted(queryOf('web.example.org', 'A', { edns: { flags: 0xffff, udpSize: 4096, options } }), answer(records()))
  assert.deepEqual(edns, { udpSize: 1232, version: 0, dnssecOk: true, flags: 0x8000, options: new Map() })
  assert.equal(fitted(queryOf('web.example.org', 'A', { edns: true }), answer(records())).edns?.flags, 0)
  assert.equal(fitted(queryOf('web.example.org'), answer(records())).edns, undefined)
})

test('a reply to what could not be read has nothing but a header', () => {
  const header = (opcode: number) => {
    const message = queryMessage('example.org', 'A', { id: 0xbeef, flags: 0x07f0, opcode })
    const { id, rcode, flags, question, ...reply } = readAnswer(Buffer.from(headerOnly(message, RCODE.NOTIMP)))
    return [id, reply.opcode, rcode, flags, question]
  }
  assert.deepEqual(header(0), [0xbeef, 0, 'NOTIMP', 'qr rd cd', ''])
  assert.deepEqual(header(4), [0xbeef, 4, 'NOTIMP', 'qr', ''])
})

test('whoever wants to is told the message as it is written, with all that follow', () => {
  const told: string[] = []
  const reply = Object.assign(answer(records({ count: 3 })), {
    following: [records({ count: 2 })].values(),
    sent: (message: Uint8Array) => told.push(Buffer.from(message).toString('hex')),
  })
  const first = fit(queryOf('web.example.org', 'A', { transport: 'tcp' }), reply)
  assert.deepEqual(told, [])
  const target = Buffer.alloc(1000)
  const messages = [first, ...first.following!].map(message => target.subarray(5, message.write(target, 5)).toString('hex'))
  assert.equal(messages.length, 2)
  assert.deepEqual(told, messages)
})
