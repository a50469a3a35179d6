/** CoreDNS makes the same of updates. */
import assert from 'node:assert/strict'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { askTcp, askUdp } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { comparable, queryMessage, readMessage } from '#test/support/message.ts'
import { SEED as RANDOM, Random } from '#test/support/random.ts'
import { sign, signatureOf } from '#test/support/tsig.ts'
import { block, KEY, recordsOf, SEED, type Sections, updateMessage } from './updates.ts'

async function both({ allow, options }: { allow?: string; options?: string } = {}) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'dynupdate-'))
  await writeFile(join(folder.path, 'db'), SEED)
  const lines = `root ${folder.path}\n${block('', { ...(allow && { allow }), ...(options && { options }) })}`
  const theirs = await CoreDns.start(`. {\n${lines}\n}\n`)
  const ours = await startInProcess(lines)
  return {
    servers: [theirs, ours] as const,
    async [Symbol.asyncDispose]() {
      await theirs[Symbol.asyncDispose]()
      await ours[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

type Both = Awaited<ReturnType<typeof both>>

async function say({ servers }: Both, sections: Sections, isSigned = true, what = JSON.stringify(sections)): Promise<string> {
  const message = updateMessage(sections)
  const ask = message.length > 400 ? askTcp : askUdp
  const [their, our] = await Promise.all(
    servers.map(async server => {
      const raw = await ask(isSigned ? sign(message, KEY) : message, server)
      const { rcode, flags, question, answer, authority } = readMessage(isSigned ? signatureOf(raw).unsigned : raw)
      return { rcode, flags, question, answer, authority }
    }),
  )
  assert.deepEqual(our, their, what)
  return our!.rcode
}

async function same({ servers }: Both, what = ''): Promise<void> {
  const [their, our] = await Promise.all(servers.map(recordsOf))
  assert.deepEqual(our, their, what)
}

const PREREQUISITES: readonly string[] = [
  'www.example.org. 0 ANY A',
  'www.example.org. 0 ANY ANY',
  'www.example.org. 0 NONE A',
  'www.example.org. 0 NONE ANY',
  'www.example.org. 0 NONE AAAA',
  'www.example.org. 0 ANY AAAA',
  'no.example.org. 0 ANY ANY',
  'no.example.org. 0 NONE ANY',
  'empty.example.org. 0 NONE ANY',
  'example.org. 0 ANY SOA',
  'WWW.Example.ORG. 0 ANY TXT',
  'www.example.org. 0 IN A 192.0.2.1',
  'mail.example.org. 0 IN MX 10 wWW.example.org.',
  'mail.example.org. 0 IN MX 20 www.example.org.',
  'example.net. 0 ANY A',
  'www.example.org. 1 ANY A',
  'www.example.org. 1 IN A 192.0.2.1',
  'www.example.org. 0 CH A 192.0.2.1',
  'www.example.org. 0 ANY A 192.0.2.1',
  'www.example.org. 0 NONE A 192.0.2.1',
  'www.example.org. 0 ANY DS',
  'www.example.org. 0 NONE RRSIG',
  'www.example.org. 0 ANY AXFR',
  'www.example.org. 0 NONE TYPE65280',
  'www.example.org. 0 ANY MAILB',
]

/** What a prescan rejects. */
const REJECTED: readonly string[] = [
  'example.net. 60 IN A 192.0.2.1',
  'xexample.org. 60 IN A 192.0.2.1',
  'new.example.org. 60 CH A 192.0.2.1',
  'new.example.org. 60 IN TYPE65280 \\# 1 01',
  'new.example.org. 0 ANY TYPE65280',
  'new.example.org. 60 ANY A',
  'new.example.org. 0 ANY A 192.0.2.1',
  'new.example.org. 60 NONE A 192.0.2.1',
  'new.example.org. 0 NONE ANY',
  'new.example.org. 0 ANY AXFR',
  'new.example.org. 0 ANY MAILA',
  'new.example.org. 0 ANY TKEY',
  'new.example.org. 0 ANY DS',
  'new.example.org. 0 ANY RRSIG',
  'new.example.org. 0 ANY NSEC3PARAM',
  'new.example.org. 0 ANY ZONEMD',
  'example.org. 0 ANY DNSKEY',
  'new.example.org. 60 IN DS 1 8 2 0102',
  'new.example.org. 60 IN SOA ns.example.org. h.example.org. 100 1 2 3 4',
  'example.org. 60 IN SOA ns.example.org. h.example.org. 0 1 2 3 4',
]

/** What is accepted, be it without effect. */
const ACCEPTED: readonly string[] = [
  'new.example.org. 60 IN A 192.0.2.100',
  'NEW.example.org. 60 IN A 192.0.2.101',
  'new.example.org. 60 IN A 192.0.2.101',
  'new.example.org. 60 IN AAAA 2001:db8::1',
  'new.example.org. 60 IN CNAME www.example.org.',
  'alias.example.org. 60 IN A 192.0.2.1',
  'alias.example.org. 60 IN CNAME WWW.example.org.',
  'alias.example.org. 120 IN CNAME mail.example.org.',
  'alias2.example.org. 60 IN CNAME new.example.org.',
  'mail.example.org. 60 IN MX 10 www.example.org.',
  'mail.example.org. 60 IN MX 20 www.example.org.',
  'mail.example.org. 0 NONE MX 10 WWW.EXAMPLE.ORG.',
  'www.example.org. 0 NONE A 192.0.2.1',
  'www.example.org. 0 NONE A 192.0.2.77',
  'www.example.org. 0 NONE TXT "one" "two"',
  'www.example.org. 0 NONE A',
  'www.example.org. 0 ANY A',
  'www.example.org. 0 ANY ANY',
  'no.example.org. 0 ANY ANY',
  'example.org. 0 ANY NS',
  'example.org. 0 ANY SOA',
  'example.org. 0 ANY ANY',
  'example.org. 0 NONE NS ns.example.org.',
  'example.org. 0 NONE NS ns2.example.org.',
  'example.org. 60 IN NS ns2.example.org.',
  'example.org. 60 IN TXT "apex"',
  'example.org. 0 NONE SOA ns.example.org. hostmaster.example.org. 7 3600 600 86400 30',
  'example.org. 60 IN SOA ns.example.org. h.example.org. 5 1 2 3 4',
  'example.org. 60 IN SOA ns.example.org. h.example.org. 1000 1 2 3 4',
  'example.org. 60 IN SOA ns.example.org. h.example.org. 4294967295 1 2 3 4',
  'example.org. 60 IN SOA ns.example.org. h.example.org. 2147483655 1 2 3 4',
  'sub.example.org. 60 IN NS ns2.sub.example.org.',
  'ns2.sub.example.org. 60 IN A 192.0.2.56',
  'sub.example.org. 0 ANY NS',
  '*.wild.example.org. 0 ANY A',
  '*.more.example.org. 60 IN TXT "wild"',
  '_sip._tcp.example.org. 60 IN SRV 1 2 3 www.example.org.',
  'deep.empty.example.org. 0 ANY ANY',
]

const NAMES = ['example.org.', 'www.example.org.', 'new.example.org.', 'alias.example.org.', 'alias2.example.org.', 'mail.example.org.', 'x.wild.example.org.', 'x.more.example.org.', 'empty.example.org.', 'sub.example.org.', 'x.sub.example.org.', 'no.example.org.', '_sip._tcp.example.org.'] // biome-ignore format: a table

async function sameAnswers({ servers }: Both, what: string): Promise<void> {
  for (const name of NAMES)
    for (const type of ['A', 'TXT', 'NS', 'SOA', 'MX', 'CNAME'] as const) {
      const [their, our] = await Promise.all(
        servers.map(async server => {
          const { rcode, answer } = comparable(
            readMessage(await askUdp(queryMessage(name, type, { edns: { udpSize: 4096 } }), server)),
          )
          return { rcode, answer: answer.map(line => line.toLowerCase()) }
        }),
      )
      assert.deepEqual(our, their, `${name} ${type} ${what}`)
    }
}

suite('CoreDNS makes the same of updates', { skip: noCoreDns() ?? false, timeout: 100_000 }, () => {
  test('prerequisites', async () => {
    await using pair = await both()
    const seen = new Set<string>()
    for (const one of PREREQUISITES) {
      seen.add(await say(pair, { prerequisites: [one], updates: ['mark.example.org. 60 IN TXT "x"'] }))
      for (const other of PREREQUISITES.slice(0, 14)) await say(pair, { prerequisites: [other, one] })
    }
    await say(pair, { prerequisites: ['www.example.org. 0 IN A 192.0.2.2', 'www.example.org. 0 IN A 192.0.2.1'] })
    await say(pair, { prerequisites: ['www.example.org. 0 IN A 192.0.2.2', 'www.example.org. 0 IN A 192.0.2.3'] })
    assert.deepEqual([...seen].sort(), ['FORMERR', 'NOERROR', 'NOTIMP', 'NOTZONE', 'NXDOMAIN', 'NXRRSET', 'YXDOMAIN', 'YXRRSET'])
    await same(pair)
  })

  test('updates, one after the other', async () => {
    await using pair = await both()
    for (const one of REJECTED) {
      assert.notEqual(await say(pair, { updates: [one] }), 'NOERROR', one)
      await say(pair, { updates: ['new.example.org. 60 IN A 192.0.2.99', one] })
    }
    await same(pair, 'rejected')
    for (const one of ACCEPTED) {
      assert.equal(await say(pair, { updates: [one] }), 'NOERROR', one)
      await same(pair, one)
      await sameAnswers(pair, one)
    }
  })

  test(`updates by chance, SEED=${RANDOM}`, async () => {
    const random = new Random(RANDOM)
    await using pair = await both()
    for (let round = 0; round < 400; round++) {
      const some = (of: readonly string[], most: number) =>
        Array.from({ length: random.below(most + 1) }, () => random.one(...of))
      const prerequisites = random.is(0.3) ? some(PREREQUISITES, 2) : []
      const updates = [...some(ACCEPTED, 6), ...(random.is(0.1) ? some(REJECTED, 1) : [])]
      await say(pair, { prerequisites, updates })
      await same(pair, `round ${round}: ${JSON.stringify({ prerequisites, updates })}`)
    }
    await sameAnswers(pair, 'at the end')
  })

  test('who may do what', async () => {
    const rules = [
      `${KEY.name} www.example.org A AAAA`,
      `${KEY.name} @ TXT`,
      `${KEY.name} all.example.org. *`,
      `${KEY.name} * SRV`,
      `other.example * *`,
      `${KEY.name} gone.example.org ANY`,
    ]
    await using pair = await both({ allow: rules.join('\n allow ') })
    for (const updates of [
      ['www.example.org. 60 IN A 192.0.2.3'],
      ['WWW.example.org. 60 IN AAAA 2001:db8::2'],
      ['www.example.org. 60 IN TXT "x"'],
      ['www.example.org. 0 ANY ANY'],
      ['x.www.example.org. 60 IN A 192.0.2.3'],
      ['example.org. 60 IN TXT "x"'],
      ['example.org. 60 IN A 192.0.2.3'],
      ['all.example.org. 60 IN A 192.0.2.3', 'all.example.org. 60 IN TXT "x"'],
      ['all.example.org. 60 IN DS 1 8 2 0102'],
      ['all.example.org. 0 ANY ANY'],
      ['x.example.org. 60 IN SRV 1 2 3 .'],
      ['example.net. 60 IN SRV 1 2 3 .'],
      ['example.net. 60 IN A 192.0.2.3'],
      ['www.example.org. 60 IN A 192.0.2.4', 'mail.example.org. 60 IN A 192.0.2.4'],
      ['gone.example.org. 0 ANY ANY'],
      ['gone.example.org. 60 IN A 192.0.2.4'],
      [],
    ])
      for (const prerequisites of [[], ['no.example.org. 0 ANY ANY']]) await say(pair, { updates, prerequisites })
    await same(pair)
  })

  test('a key without permissions, no key, other zones and questions', async () => {
    await using pair = await both({ allow: 'other.example * *' })
    const updates = ['www.example.org. 60 IN A 192.0.2.3']
    assert.equal(await say(pair, { updates }), 'REFUSED')
    assert.equal(await say(pair, { updates, prerequisites: ['no.example.org. 0 ANY ANY'] }), 'REFUSED')
    assert.equal(await say(pair, { updates }, false), 'REFUSED')
    for (const zone of ['www.example.org.', 'org.', 'example.net.', '.']) {
      assert.equal(await say(pair, { updates, zone }), 'NOTAUTH')
      assert.equal(await say(pair, { updates, zone }, false), 'REFUSED')
    }
    await same(pair)
  })

  test('limits', async () => {
    await using pair = await both({ options: 'max_records 16\n max_bytes 700\n max_update_records 4' })
    const text = (n: number, length = 1) => `t${n}.example.org. 60 IN TXT "${'x'.repeat(length)}"`
    assert.equal(await say(pair, { updates: [1, 2].map(n => text(n)) }), 'NOERROR')
    assert.equal(await say(pair, { updates: [text(3)] }), 'REFUSED')
    assert.equal(await say(pair, { updates: ['t1.example.org. 0 ANY ANY', text(3)] }), 'NOERROR')
    await same(pair)
    for (let length = 1; length < 255; length += 7)
      await say(pair, { updates: [`t2.example.org. 0 ANY ANY`, text(2, length)] }, true, `${length}`)
    await same(pair)
    assert.equal(await say(pair, { updates: Array.from({ length: 5 }, () => 'no.example.org. 0 ANY ANY') }), 'REFUSED')
    assert.equal(await say(pair, { updates: Array.from({ length: 4 }, () => 'no.example.org. 0 ANY ANY') }), 'NOERROR')
    assert.equal(await say(pair, { updates: ['no.example.org. 0 ANY ANY'], prerequisites: Array.from({ length: 4 }, () => 'no.example.org. 0 ANY ANY') }), 'REFUSED') // biome-ignore format: one line
  })
})
