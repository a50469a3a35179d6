/** Messages that no honest client sends, one by one: the right rcode or silence, over UDP and TCP, and the server goes on. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { optRecord, queryMessage, readMessage } from '#test/support/message.ts'
import { writeName } from '#test/support/names.ts'
import { freePort } from '#test/support/ports.ts'
import { messageFrom, writeRecord } from '#test/support/records.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { type Verdict, verdictOn } from './verdict.ts'
import { waysIn } from './ways-in.ts'

const NAME = 'www.example.org.'
/** In octets. */
const LONGEST_DATAGRAM = 4096
const plain = queryMessage(NAME, 'A')
const header = (counts: readonly number[], flags = 0x0100): Buffer => {
  const octets = Buffer.alloc(12)
  for (const [i, value] of [0, flags, ...counts].entries()) octets.writeUInt16BE(value, 2 * i)
  return octets
}
/** A query whose name is these octets. */
const named = (...octets: number[]): Buffer => Buffer.concat([header([1, 0, 0, 0]), Buffer.from(octets), Buffer.of(0, 1, 0, 1)])
/** The plain query with records behind it, and the counts that say so. */
const withRecords = (
  counts: readonly [answers: number, authorities: number, additionals: number],
  ...records: Buffer[]
): Buffer => Buffer.concat([header([1, ...counts]), plain.subarray(12), ...records])
const additional = (...records: Buffer[]) => withRecords([0, 0, records.length], ...records)
const opt = (fixed: number[], data: number[]) =>
  Buffer.concat([Buffer.of(0, 0, 41, 4, 208, ...fixed, data.length >> 8, data.length & 255), Buffer.from(data)])
const A = writeRecord('example.org. 60 IN A 192.0.2.1')
const label = (length: number) => [length, ...Array<number>(length).fill(97)]
const tsig = (algorithm: Buffer, rest = Buffer.concat([Buffer.alloc(9), Buffer.of(0), Buffer.alloc(6)])) =>
  Buffer.concat([Buffer.of(0, 0, 250, 0, 255, 0, 0, 0, 0, 0, algorithm.length + rest.length), algorithm, rest])

const SILENCE: Verdict = []
const cases: Readonly<Record<string, readonly (readonly [what: string, message: Buffer])[]>> = {
  silence: [
    ...[0, 1, 2, 11].map(length => [`${length} octets`, plain.subarray(0, length)] as const),
    ['a reply', messageFrom(plain, ['www.example.org. 60 IN A 192.0.2.1'])],
    ['a header that is a reply', header([0, 0, 0, 0], 0x8000)],
    ['a broken reply', Buffer.concat([header([9, 9, 9, 9], 0x8180), Buffer.alloc(20, 255)])],
    ['a reply with another opcode', header([1, 0, 0, 0], 0xa800)],
    ['a reply with EDNS version 1', Buffer.concat([header([1, 0, 0, 1], 0x8000), plain.subarray(12), optRecord({ version: 1 })])],
  ],
  FORMERR: [
    ['a header alone, no question', header([0, 0, 0, 0])],
    ['a header alone, one question', header([1, 0, 0, 0])],
    ...[[2, 0, 0, 0], [65535, 0, 0, 0], [1, 2, 0, 0], [1, 65535, 0, 0], [1, 0, 2, 0], [1, 0, 65535, 0], [1, 0, 0, 3], [1, 0, 0, 65535], [65535, 65535, 65535, 65535], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1], [0, 0, 0, 1]].map(counts => [`counts ${counts}`, Buffer.concat([header(counts), plain.subarray(12)])] as const), // biome-ignore format: one line
    ['no question but OPT', Buffer.concat([header([0, 0, 0, 1]), optRecord()])],
    ['a question without class', plain.subarray(0, -2)],
    ['a question without type', plain.subarray(0, -4)],
    ['a name that does not end', named(3, 119, 119).subarray(0, 15)],
    ['a label over the end', named(63, 97)],
    ['a pointer to itself', named(0xc0, 12)],
    ['a pointer to its own label', named(1, 97, 0xc0, 12)],
    ['two pointers in a circle', named(0xc0, 14, 0xc0, 12)],
    ['a pointer forward', named(0xc0, 14, 0)],
    ['a pointer into the header', named(0xc0, 4)],
    ['a pointer behind the end', named(0xff, 0xff)],
    ['half a pointer', named(0xc0).subarray(0, 13)],
    ['a label of 64 octets', named(...label(64), 0)],
    ['a label of type 2', named(0x80, 0)],
    ['a name of 256 octets', named(...label(63), ...label(63), ...label(63), ...label(62), 0)],
    ['a record over the end', additional(A.subarray(0, -1))],
    ['a record without its data length', additional(A.subarray(0, 20))],
    ['a record whose owner points to itself', additional(Buffer.concat([Buffer.of(0xc0, plain.length), A.subarray(13)]))],
    ['OPT as answer', withRecords([1, 0, 0], optRecord())],
    ['OPT as authority', withRecords([0, 1, 0], optRecord())],
    ['OPT twice', additional(optRecord(), optRecord())],
    ['OPT with a name', additional(Buffer.concat([writeName('a.'), optRecord().subarray(1)]))],
    ['half an EDNS option', additional(opt([0, 0, 0, 0], [0, 10, 0]))],
    ['an EDNS option over its record', additional(opt([0, 0, 0, 0], [0, 10, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8]))],
    ['a cookie of 7 octets', additional(optRecord({ options: [[10, Buffer.alloc(7)]] }))],
    ['a cookie of 9 octets', additional(optRecord({ options: [[10, Buffer.alloc(9)]] }))],
    ['a signature that is cut off', additional(tsig(writeName('hmac-sha256.'), Buffer.alloc(4)))],
    ['a signature without data', additional(tsig(Buffer.alloc(0), Buffer.alloc(0)))],
    ['a signature whose algorithm points somewhere', additional(tsig(Buffer.of(0xc0, 13)))],
    ['a signature whose algorithm points to itself', additional(tsig(Buffer.of(0xc0, 11)))],
  ],
  NOTAUTH: [
    ['a signature with an unknown key', additional(tsig(writeName('hmac-sha256.')))],
    [
      'a signature whose algorithm points into its owner',
      additional(
        Buffer.concat([writeName('a.long.owner.example.org.').subarray(0, -1), tsig(Buffer.of(0xc0, plain.length + 13))]),
      ),
    ],
  ],
  NOERROR: [
    ['trailing octets', Buffer.concat([plain, Buffer.alloc(100, 255)])],
    [
      'a name of 255 octets',
      Buffer.concat([
        header([1, 0, 0, 0]),
        writeName(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`),
        Buffer.of(0, 1, 0, 1),
      ]),
    ],
    ['a record behind the question', additional(A)],
    ['a record whose owner points back', additional(Buffer.concat([Buffer.of(0xc0, 12), A.subarray(13)]))],
    ['an answer', withRecords([1, 0, 0], A)],
    [
      '1,000 EDNS options',
      additional(optRecord({ options: Array.from({ length: 1000 }, () => [65001, Buffer.alloc(0)] as const) })),
    ],
    [
      '16,000 EDNS options',
      additional(optRecord({ options: Array.from({ length: 16_000 }, () => [65001, Buffer.alloc(0)] as const) })),
    ],
    [
      'hundreds of cookies',
      additional(optRecord({ options: Array.from({ length: 500 }, () => [10, Buffer.alloc(8)] as const) })),
    ],
    ['EDNS with a UDP size of 0', additional(optRecord({ udpSize: 0 }))],
  ],
  NOTIMP: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map(
    opcode => [`opcode ${opcode}`, queryMessage(NAME, 'A', { opcode })] as const,
  ),
  REFUSED: [0, 2, 3, 4, 42, 254, 255, 65535].map(code => [`class ${code}`, queryMessage(NAME, 'A', { class: code })] as const),
  BADVERS: [1, 2, 255].map(version => [`EDNS version ${version}`, queryMessage(NAME, 'A', { edns: { version } })] as const),
}

for (const { name: way, args, line: threads } of waysIn) {
  suite(`malformed, ${way}`, () => {
    let server: ServerProcess
    let metrics: string
    before(async () => {
      const port = await freePort()
      metrics = `http://127.0.0.1:${port}/metrics`
      const corefile = `.:0 {
      ${threads}
      errors
      log
      prometheus 127.0.0.1:${port}
      hosts /dev/null {
        192.0.2.1 www.example.org __proto__.example.org constructor.example.org toString.example.org a\\.b.example.org \\255\\128.example.org
        fallthrough
      }
      whoami
    }`
      server = await startServer(corefile, { args })
    })
    after(() => server.stop())

    for (const [rcode, messages] of Object.entries(cases)) {
      for (const [what, message] of messages) {
        test(`${what}: ${rcode}`, async () => {
          const expected = rcode === 'silence' ? SILENCE : [rcode]
          // The second reading, which judges random messages, has to know these too.
          const verdict = verdictOn(message, ['NOERROR'])
          assert.ok(expected.length === 0 ? verdict.length === 0 : verdict.includes(rcode), `verdict ${verdict}`)
          const udp = await server.send(message, { timeout: rcode === 'silence' ? 50 : 2000 })
          // Of a datagram that is longer than any query need be, a transport may take the beginning only.
          if (message.length <= LONGEST_DATAGRAM || (udp && readMessage(udp).rcode !== 'FORMERR'))
            assert.equal(udp && readMessage(udp).rcode, expected[0])
          assert.ok(!udp || udp.length <= 1232)
          await using connection = server.connect()
          connection.send(message, queryMessage(NAME, 'A', { id: 4711 }))
          const replies = [await connection.next(), ...(rcode === 'silence' ? [] : [await connection.next()])]
          assert.deepEqual(replies.map(reply => reply && readMessage(reply).rcode).sort(), [...expected, 'NOERROR'].sort())
          if (udp) assert.equal(await server.send(udp, { timeout: 20 }), undefined, 'no reply to a reply')
        })
      }
    }

    for (const name of ['__proto__', 'constructor', 'toString', 'tostring', 'a\\.b', '\\255\\128']) {
      test(`${name} is a name like any other`, async () => {
        const { rcode, answer } = await server.query(`${name}.example.org`)
        assert.deepEqual([rcode, answer.length], ['NOERROR', 1])
      })
    }

    test('names like those of JavaScript objects are not there where nobody named them', async () => {
      for (const name of ['hasOwnProperty', 'valueOf', '__defineGetter__', 'prototype', 'length', '\\000', 'a', '*']) {
        assert.equal((await server.query(`${name}.example.org`)).additional.length, 2, name)
      }
    })

    test('a name cannot forge a line of the log, nor control a terminal', async () => {
      const from = server.stdout.length
      await server.query('a\\010\\013[INFO] forged\\027[2J\\255"b c.example.org')
      const line = await server.waitForLine(/forged/, { from })
      assert.ok(line.includes('a\\010\\013[info]\\032forged\\027[2j\\255\\"b\\032c.example.org.'), line)
      assert.match(line, /^[ -~]*$/)
    })

    test('no name, and no number that a client chooses, becomes a label of a metric', async () => {
      await server.query('forged\\010"}.example.org', 65_000)
      const text = await (await fetch(metrics)).text()
      assert.match(text, /^coredns_dns_requests_total\{.*type="other".*\} \d+$/m)
      for (const line of text.split('\n')) {
        assert.match(line, /^(#.*|[a-z0-9_:]+(\{([a-z_]+="[ -~]*",?)*\})? \S+|)$/)
        // Without its value: any number may be that of a sample.
        assert.doesNotMatch(line.replace(/ \S+$/, ''), /forged|65000|__proto__|constructor/)
      }
    })

    test('and none of it was an error of ours', () => {
      assert.deepEqual(server.stderr, [])
      // There may be fewer processors than threads.
      const amiss = /panic|\[(ERROR|FATAL|WARNING)\](?! plugin\/multisocket: )/
      assert.deepEqual(
        server.stdout.filter(line => !line.startsWith('[INFO] 127.0.0.1:') && amiss.test(line)),
        [],
      )
    })
  })
}
