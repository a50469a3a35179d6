import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queryMessage, readAnswer } from './message.ts'
import { lines, messageFrom } from './records.ts'

const records = [
  'Web.example.org. 300 IN A 192.0.2.1',
  'example.org. 0 IN AAAA 2001:db8::1',
  'a\\.b.\\000\\255.example.org. 2147483647 IN CNAME \\\\.example.org.',
  '. 86400 IN NS ns.example.org.',
  'example.org. 300 IN SOA ns.example.org. hostmaster.example.org. 4294967295 7200 1800 86400 5',
  'example.org. 300 IN MX 10 mail.example.org.',
  '_http._tcp.example.org. 300 IN SRV 0 100 8080 web.example.org.',
  'example.org. 300 IN TXT "v=1 \\"quoted\\"" "\\009 end"',
  'example.org. 300 CH HINFO "cpu" ""',
  'example.org. 300 IN CAA 0 "issue" "example.net"',
  'example.org. 300 IN RRSIG A 8 2 300 1767225600 1764547200 12345 example.org. AQID',
  'example.org. 300 IN TYPE666 \\# 3 010203',
  'example.org. 300 CLASS42 TYPE667 \\# 0',
]

test('every kind of record survives the way to wire form and back', () => {
  const message = messageFrom(queryMessage('example.org', 'A'), records, {
    authority: records.slice(0, 1),
    additional: records.slice(1, 2),
  })
  assert.deepEqual(lines(message), { answer: records, authority: records.slice(0, 1), additional: records.slice(1, 2) })
})

test('a reply is read with its rcode, flags, question and EDNS', () => {
  const query = queryMessage('Example.ORG', 'AAAA', {
    id: 7,
    flags: 0x0110,
    edns: { udpSize: 4096, dnssecOk: true, options: [[10, Buffer.from('12345678')]] },
  })
  const { raw, ...answer } = readAnswer(
    Buffer.concat(
      [messageFrom(query, [], { rcode: 3, flags: 0x0400 }), query.subarray(-23)].map((part, i) => (i ? part : setCount(part))),
    ),
  )
  assert.deepEqual(answer, {
    id: 7,
    rcode: 'NXDOMAIN',
    opcode: 0,
    flags: 'qr aa rd ra',
    question: 'Example.ORG. IN AAAA',
    answer: [],
    authority: [],
    additional: [],
    edns: { udpSize: 4096, version: 0, dnssecOk: true, flags: 0x8000, options: new Map([[10, Buffer.from('12345678')]]) },
  })
  assert.ok(raw.length > 12)
})

const setCount = (message: Buffer): Buffer => {
  message.writeUInt16BE(1, 10)
  return message
}

test('a message that is not whole is an error', () => {
  const message = messageFrom(queryMessage('example.org', 'A'), ['example.org. 300 IN A 192.0.2.1'])
  for (const [name, broken] of [
    ['cut off', message.subarray(0, -1)],
    ['trailing octet', Buffer.concat([message, Buffer.of(0)])],
    ['pointer to itself', Buffer.concat([message.subarray(0, 12), Buffer.of(0xc0, 12), message.subarray(25)])],
  ] as const) {
    assert.throws(() => readAnswer(broken), Error, name)
  }
})
