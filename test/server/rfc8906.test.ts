/** RFC 8906 §8, line for line, and what the compliance tests that grew out of it ask beyond: no query goes without the right answer. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { TYPE } from '#src/dns/codes.ts'
import { askTcp, askUdp } from '#test/support/client.ts'
import { type Answer, optRecord, type QueryOptions, queryMessage, readAnswer } from '#test/support/message.ts'
import { writeName } from '#test/support/names.ts'
import { zone } from '#test/support/scripts.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { type FakeUpstream, startUpstream } from '#test/support/upstream.ts'

const SOA = 'example.com. 300 IN SOA ns.example.com. hostmaster.example.com. 1 7200 1800 86400 5'
const KEY = `example.com. 300 IN DNSKEY 257 3 8 ${Buffer.alloc(300, 1).toString('base64')}`

/** Whose answers are tried: one name of each kind of source, with a type that it has. */
const sources = [
  {
    source: 'mesh',
    name: 'cluster.local.',
    type: 'SOA',
    answer: /^cluster\.local\. 5 IN SOA ns\.dns\.cluster\.local\. hostmaster\.cluster\.local\. \d+ 7200 1800 86400 5$/,
  },
  { source: 'hosts', name: 'www.example.org.', type: 'A', answer: /^www\.example\.org\. 3600 IN A 192\.0\.2\.1$/ },
  {
    source: 'local',
    name: 'localhost.',
    type: 'SOA',
    answer: /^localhost\. 604800 IN SOA localhost\. root\.localhost\. 1 0 0 0 604800$/,
  },
  { source: 'forward', name: 'example.com.', type: 'SOA', answer: new RegExp(`^${SOA}$`) },
] as const

interface Line {
  name: string
  query?: QueryOptions
  type?: string
  tcp?: boolean
  rcode?: string
  /** Whether the record is there; it is by default. */
  answered?: boolean
}

const FLAG = { aa: 0x0400, tc: 0x0200, rd: 0x0100, ra: 0x0080, z: 0x0040, ad: 0x0020, cd: 0x0010 }
const ALL_FLAGS = Object.values(FLAG).reduce((all, flag) => all | flag)
const NSID = [3, Buffer.alloc(0)] as const
const ECS = [8, Buffer.of(0, 1, 0, 0)] as const
const EXPIRE = [9, Buffer.alloc(0)] as const
const COOKIE = [10, Buffer.from('client 8')] as const
const UNKNOWN = [100, Buffer.from('?')] as const
const optionLines = Object.entries({ nsid: NSID, subnet: ECS, expire: EXPIRE, cookie: COOKIE })

const plain: readonly Line[] = [
  { name: 'dns', query: { flags: 0 } },
  ...Object.entries(FLAG).map(([flag, bit]) => ({ name: `${flag} flag`, query: { flags: bit } })),
  { name: 'all flags', query: { flags: ALL_FLAGS } },
  { name: 'unknown type', query: { flags: 0 }, type: 'TYPE666', answered: false },
  { name: 'tcp', query: { flags: 0 }, tcp: true },
]
const edns: readonly Line[] = [
  { name: 'edns', query: { edns: true } },
  { name: 'edns1', query: { edns: { version: 1 } }, rcode: 'BADVERS' },
  { name: 'edns1 and all flags', query: { flags: ALL_FLAGS, edns: { version: 1, flags: 0xffff } }, rcode: 'BADVERS' },
  { name: 'unknown option', query: { edns: { options: [UNKNOWN] } } },
  { name: 'edns1 and an unknown option', query: { edns: { version: 1, options: [UNKNOWN] } }, rcode: 'BADVERS' },
  { name: 'do', query: { edns: { dnssecOk: true } } },
  { name: 'do and cd', query: { flags: FLAG.cd, edns: { dnssecOk: true } } },
  { name: 'edns1 and do', query: { edns: { version: 1, dnssecOk: true } }, rcode: 'BADVERS' },
  { name: 'unknown flag', query: { edns: { flags: 0x0080 } } },
  { name: 'list of options', query: { edns: { options: [NSID, ECS, EXPIRE, COOKIE] } } },
  ...optionLines.map(([name, option]) => ({ name, query: { edns: { options: [option] } } })),
  ...optionLines.map(([name, option]) => ({
    name: `edns1 and ${name}`,
    query: { edns: { version: 1, options: [option] } },
    rcode: 'BADVERS',
  })),
  { name: 'edns over tcp', query: { edns: true }, tcp: true },
  {
    name: 'ad and cookie with 4096 octets, as BIND and dig ask',
    query: { flags: FLAG.ad, edns: { udpSize: 4096, options: [COOKIE] } },
  },
]

suite('RFC 8906', () => {
  let upstream: FakeUpstream
  let server: ServerProcess
  before(async () => {
    upstream = await startUpstream(zone(SOA, KEY, KEY.replace('257', '256'), 'www.example.org. 300 IN TXT "known"'))
    const mesh = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: default\n'
    server = await startServer(
      `.:0 {
      errors
      local
      mesh cluster.local {
        source file mesh.yaml
      }
      forward . ${upstream.to}
    }
    example.org:0 {
      errors
      hosts /dev/null {
        192.0.2.1 www.example.org
      }
      forward . ${upstream.to}
    }`,
      { files: { 'mesh.yaml': mesh } },
    )
  })
  after(async () => {
    // It is there also where the server has not started.
    await upstream.stop()
    await server.stop()
  })

  const send = async (message: Buffer, tcp = false): Promise<Answer> =>
    readAnswer(await (tcp ? askTcp : askUdp)(message, { port: server.port }))

  /** What holds for every reply, whatever was asked. */
  function assertSound(reply: Answer, sent: Buffer): void {
    assert.equal(reply.id, sent.readUInt16BE(0))
    assert.equal(reply.opcode, (sent.readUInt16BE(2) >> 11) & 15)
    const flags = reply.flags.split(' ')
    assert.ok(flags.includes('qr'))
    for (const clear of ['z', 'ad']) assert.ok(!flags.includes(clear), `${clear} is set`)
    assert.equal(flags.includes('rd'), (sent.readUInt16BE(2) & FLAG.rd) !== 0, 'rd is copied')
  }

  for (const { source, name, type: usual, answer } of sources) {
    for (const line of [...plain, ...edns]) {
      test(`${source}: ${line.name}`, async () => {
        const type = line.type ?? usual
        const sent = queryMessage(name, type, line.query)
        const reply = await send(sent, line.tcp)
        assertSound(reply, sent)
        assert.equal(reply.rcode, line.rcode ?? 'NOERROR')
        assert.equal(reply.question, `${name} IN ${type}`)
        assert.equal(reply.answer.length, line.rcode || line.answered === false ? 0 : 1)
        for (const record of reply.answer) assert.match(record, answer)
        assert.ok(!reply.flags.split(' ').includes('tc'))
        assert.equal(reply.edns !== undefined, line.query?.edns !== undefined)
        if (!reply.edns) return
        const asked = line.query?.edns as { flags?: number; dnssecOk?: boolean }
        assert.equal(reply.edns.version, 0)
        assert.equal(reply.edns.flags, asked.dnssecOk || (asked.flags ?? 0) & 0x8000 ? 0x8000 : 0)
        assert.ok(!reply.edns.options.has(100) && !reply.edns.options.has(3), 'options that are not known are not echoed')
      })
    }

    test(`${source}: a long answer fits in 512 octets`, async () => {
      const reply = await send(queryMessage(name, 'DNSKEY', { edns: { udpSize: 512, dnssecOk: true } }))
      assert.ok(reply.raw.length <= 512)
      assert.equal(reply.edns?.dnssecOk, true)
      assert.equal(reply.flags.includes('tc'), source === 'forward')
    })

    test(`${source}: every type is answered`, async () => {
      const meta = new Set<number>([TYPE.OPT, TYPE.TKEY, TYPE.TSIG, TYPE.IXFR, TYPE.AXFR, TYPE.ANY])
      const types = [
        ...Object.values(TYPE).filter(type => !meta.has(type)),
        3,
        4,
        7,
        8,
        9,
        11,
        14,
        19,
        20,
        21,
        22,
        23,
        99,
        104,
        258,
        259,
        1000,
        32769,
        65534,
      ]
      for (const type of types) assert.equal((await send(queryMessage(name, type))).rcode, 'NOERROR', `type ${type}`)
    })
  }

  const { name, type } = sources[0]

  for (const opcode of [1, 2, 3, 4, 5, 6, 15]) {
    test(`opcode ${opcode} is not implemented`, async () => {
      for (const flags of [0, ALL_FLAGS]) {
        const sent = queryMessage(name, type, { opcode, flags })
        const reply = await send(sent)
        assert.deepEqual([reply.id, reply.rcode, reply.opcode, reply.flags], [sent.readUInt16BE(0), 'NOTIMP', opcode, 'qr'])
        assert.deepEqual([reply.answer, reply.authority, reply.additional], [[], [], []])
      }
    })
  }

  test('a signature with an unknown key', async () => {
    const signed = queryMessage(name, type)
    signed.writeUInt16BE(1, 10)
    const rdata = Buffer.concat([writeName('hmac-sha256.'), Buffer.alloc(8), Buffer.of(0, 32), Buffer.alloc(32), Buffer.alloc(6)])
    const fixed = Buffer.of(0, TYPE.TSIG, 0, 255, 0, 0, 0, 0, 0, rdata.length)
    const reply = await send(Buffer.concat([signed, Buffer.of(0), fixed, rdata]))
    assert.equal(reply.rcode, 'NOTAUTH')
    assert.deepEqual(reply.answer, [])
    // Time, fudge, no MAC, the original id, BADKEY, no other data.
    assert.match(reply.additional[0]!, /^\. 0 ANY TSIG \\# \d+ 0b686d61632d73686132353600.{16}0000.{4}00110000$/)
  })

  test('a cookie is answered with the same client cookie and one of the server', async () => {
    const { edns } = await send(queryMessage(name, type, { edns: { options: [COOKIE] } }))
    assert.equal(edns?.options.get(10)?.subarray(0, 8).toString(), 'client 8')
    assert.ok(edns.options.get(10)!.length >= 16)
  })

  test('a cookie without a question', async () => {
    const sent = Buffer.concat([queryMessage('.', 'A').subarray(0, 12), optRecord({ options: [COOKIE] })])
    sent.writeUInt16BE(0, 4)
    sent.writeUInt16BE(1, 10)
    const reply = await send(sent)
    assert.deepEqual([reply.rcode, reply.question, reply.edns?.options.has(10)], ['NOERROR', '', true])
  })

  const opts = (count: number, options: readonly (readonly [number, Buffer])[] = []) => {
    const message = queryMessage(name, type)
    message.writeUInt16BE(count, 10)
    return Buffer.concat([message, ...Array.from({ length: count }, () => optRecord({ options }))])
  }
  const twoQuestions = Buffer.concat([queryMessage(name, type), queryMessage(name, type).subarray(12)])
  twoQuestions.writeUInt16BE(2, 4)
  const formErrors: readonly (readonly [string, Buffer])[] = [
    ['a cookie of 7 octets', opts(1, [[10, Buffer.alloc(7)]])],
    ['a cookie of 15 octets', opts(1, [[10, Buffer.alloc(15)]])],
    ['a cookie of 41 octets', opts(1, [[10, Buffer.alloc(41)]])],
    ['two OPT records', opts(2)],
    ['two questions', twoQuestions],
  ]
  for (const [what, sent] of formErrors) {
    test(`${what}: FORMERR`, async () => {
      for (const tcp of [false, true]) assert.equal((await send(sent, tcp)).rcode, 'FORMERR')
    })
  }
})
