/** CoreDNS signs the same with the same keys, but for what the README tells; signatures are checked here, as those of elliptic curves are never the same twice. */
import assert from 'node:assert/strict'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { RCODE } from '#src/dns/codes.ts'
import { askTcp, askUdp } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { isSignedBy, readSignature, type TestKey, testKey } from '#test/support/dnssec.ts'
import { type InProcessServer, startInProcess, writeFiles } from '#test/support/in-process.ts'
import { type Answer, comparable, queryMessage, readMessage } from '#test/support/message.ts'
import { reply, zone } from '#test/support/scripts.ts'
import { type Script, startUpstream } from '#test/support/upstream.ts'

const ZONE = [
  'example.org. 300 IN SOA ns1.example.org. Host-Master.example.org. 7 7200 3600 86400 60',
  'example.org. 300 IN NS ns1.example.org.',
  'example.org. 300 IN NS NS2.outside.example.',
  'example.org. 300 IN MX 20 mail.example.org.',
  'example.org. 300 IN MX 10 Mail.Outside.example.',
  'example.org. 300 IN TXT "apex" "b c"',
  'example.org. 300 IN TXT "another"',
  'ns1.example.org. 300 IN A 192.0.2.53',
  'www.example.org. 30 IN A 192.0.2.30',
  'www.example.org. 30 IN A 192.0.2.4',
  'www.example.org. 30 IN A 10.0.2.200',
  'www.example.org. 30 IN AAAA 2001:db8::10',
  'www.example.org. 30 IN AAAA 2001:db8::1',
  'txt.example.org. 300 IN TXT ""',
  'txt.example.org. 300 IN TXT "a"',
  'txt.example.org. 300 IN TXT "ab" "c"',
  'txt.example.org. 300 IN TXT "a" "bc"',
  'txt.example.org. 300 IN TXT "a"',
  '_http._tcp.example.org. 300 IN SRV 0 5 80 WWW.example.org.',
  '_http._tcp.example.org. 300 IN SRV 0 5 8080 www.example.org.',
  'phone.example.org. 300 IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:Info@example.org!" .',
  'phone.example.org. 300 IN NAPTR 100 20 "" "" "" Next.example.org.',
  'caa.example.org. 300 IN CAA 0 issue "ca.example"',
  'https.example.org. 300 IN HTTPS \\# 10 000100000100030268 32',
  'any.example.org. 300 IN TYPE731 \\# 3 ABCDEF',
  'hinfo.example.org. 300 IN HINFO "PC" "Linux 6"',
  'dname.example.org. 300 IN DNAME Target.example.org.',
  '*.wild.example.org. 300 IN A 192.0.2.20',
  'ptr.example.org. 300 IN PTR www.example.org.',
  'alias.example.org. 300 IN CNAME www.example.org.',
  'alias2.example.org. 300 IN CNAME Alias.example.org.',
  'out.example.org. 300 IN CNAME www.outside.example.',
  'gone.example.org. 300 IN CNAME nothing.outside.example.',
  'www.outside.example. 40 IN A 192.0.2.80',
  'in.outside.example. 40 IN CNAME www.example.org.',
  'sub.example.org. 300 IN DS 12345 13 2 2BB183AF5F22588179A53B0A98631FAD1A2921182BB183AF5F22588179A53B0A',
  'key.example.org. 300 IN DNSKEY 256 3 8 AQPSKmynfzW4kyBv',
  'big.example.org. 300 IN A 192.0.2.1',
  ...Array.from({ length: 60 }, (_, i) => `many.example.org. 300 IN A 10.1.${i}.1`),
  ...Array.from({ length: 6 }, (_, i) => `long.example.org. 300 IN TXT "${String(i).repeat(150)}"`),
]

const NS = ['sub.example.org. 60 IN NS ns.sub.example.org.', 'sub.example.org. 60 IN NS ns1.example.org.']
const GLUE = ['ns.sub.example.org. 60 IN A 192.0.2.54']
const DS = 'sub.example.org. 60 IN DS 12345 13 2 2BB183AF5F22588179A53B0A98631FAD1A2921182BB183AF5F22588179A53B0A'
const SOA = ZONE[0]!

/** What is not answered from the zone, by the first label. */
const SCRIPTS: Readonly<Record<string, Script>> = {
  refer: asked => reply(asked, [], { authority: NS.map(line => line.replace('sub.', 'refer.')), additional: GLUE }),
  secure: asked => reply(asked, [], { authority: [...NS, DS].map(line => line.replace('sub.', 'secure.')), additional: GLUE }),
  full: asked => reply(asked, [`${asked.name} 60 IN A 192.0.2.9`], { authority: NS, additional: [...GLUE, 'elsewhere.example. 60 IN A 192.0.2.1'], flags: 0x0400 }),
  empty: asked => reply(asked),
  bare: asked => reply(asked, [], { rcode: RCODE.NXDOMAIN }),
  more: asked => reply(asked, [], { authority: [SOA, ZONE[1]!] }),
  fails: asked => reply(asked, [], { rcode: RCODE.SERVFAIL }),
  broken: asked => reply(asked, [], { rcode: RCODE.SERVFAIL, authority: [SOA] }),
  refuses: asked => reply(asked, [], { rcode: RCODE.REFUSED }),
  other: asked => reply(asked, [`${asked.name} 60 IN A 192.0.2.9`], { rcode: 6 }),
  signed: asked => reply(asked, [`${asked.name} 60 IN A 192.0.2.9`, `${asked.name} 60 IN RRSIG A 8 3 60 4102444800 1 60485 example.org. AQPSKmynfzW4kyBv`]),
  foreign: asked => reply(asked, [], { rcode: RCODE.NXDOMAIN, authority: [SOA.replace('example.org.', '.')] }),
  below: asked => reply(asked, [], { authority: NS.map(line => line.replace('sub.', 'below.')) }),
  ended: asked => reply(asked, ['ended.example.org. 60 IN CNAME nothing.example.org.'], { rcode: RCODE.NXDOMAIN, authority: [SOA] }),
  endless: asked => reply(asked, ['endless.example.org. 60 IN CNAME www.example.org.'], { authority: [SOA] }),
} // biome-ignore format: a table

const script: Script = asked => {
  const label = asked.name.toLowerCase().split('.').at(-4) ?? ''
  return (SCRIPTS[label] ?? zone(...ZONE))(asked)
}

const NAMES = ['', 'www', 'WwW', 'ns1', 'txt', '_http._tcp', 'phone', 'caa', 'https', 'any', 'hinfo', 'dname', '*.wild', 'ptr', 'alias', 'alias2', 'out', 'gone', 'sub', 'key', 'many', 'long', 'nothing', 'x.y.nothing', 'odd\\.label', 'refer', 'secure', 'full', 'empty', 'bare', 'more', 'fails', 'broken', 'refuses', 'other', 'signed', 'foreign', 'x.below', 'ended', 'endless', 'a'.repeat(63)] // biome-ignore format: one line
const TYPES = ['A', 'AAAA', 'NS', 'SOA', 'MX', 'TXT', 'SRV', 'CNAME', 'NAPTR', 'CAA', 'HTTPS', 'TYPE731', 'HINFO', 'DNAME', 'PTR', 'DS', 'DNSKEY', 'NSEC', 'RRSIG'] as const // biome-ignore format: one line

/** What a reply says, times and octets of signatures aside. */
function told(answer: Answer): string {
  const lines = (records: readonly string[]) =>
    records.map(line => line.replace(/( RRSIG(?: \S+){4}) \d+ \d+ (\d+ \S+) \S+$/, '$1 EXPIRATION INCEPTION $2 SIGNATURE'))
  const { answer: answers, authority, additional } = answer
  return JSON.stringify(
    comparable({ ...answer, answer: lines(answers), authority: lines(authority), additional: lines(additional) }),
  )
}

/** What is wrong with the signatures of a reply by these keys. */
function faults({ answer, authority, additional }: Answer, keys: readonly TestKey[]): string[] {
  const now = Date.now() / 1000
  return [answer, authority, additional].flatMap(section =>
    section.flatMap(line => {
      const signature = readSignature(line)
      const key = signature && keys.find(({ tag }) => tag === signature.tag)
      if (!key) return []
      const set = section.filter(record => {
        const [owner, , , type] = record.split(' ')
        return owner!.toLowerCase() === signature.owner.toLowerCase() && type === signature.covered
      })
      const { inception, expiration, ttl } = signature
      const isInTime = Math.abs(now - 3 * 3600 - inception) < 60 && Math.abs(now + 8 * 86_400 - expiration) < 60
      return isSignedBy(key, signature, set) && isInTime && set.some(record => Number(record.split(' ')[1]) === ttl) ? [] : [line]
    }),
  )
}

/** CoreDNS, and this server, with the same keys and the same upstream. */
async function both(keys: readonly TestKey[], options = '', zones = 'example.org') {
  const folder = await mkdtempDisposable(join(tmpdir(), 'dnssec-'))
  await writeFiles(folder.path, Object.assign({}, ...keys.map(({ files }) => files)))
  const upstream = await startUpstream(script)
  const files = keys.map(({ base }) => base).join(' ')
  const lines = `root ${folder.path}\ndnssec ${zones} {\n key file ${files}\n ${options}\n}\nforward . ${upstream.to} {\n force_tcp\n}`
  const theirs = await CoreDns.start(`. {\n${lines}\n}\n`)
  const ours = await startInProcess(lines)
  const dispose = async () => {
    for (const part of [ours, theirs, upstream, folder]) await part[Symbol.asyncDispose]()
  }
  return { theirs, ours, [Symbol.asyncDispose]: dispose }
}

const askBoth = async ({ theirs, ours }: { theirs: CoreDns; ours: InProcessServer }, query: Buffer, ask = askTcp) =>
  (await Promise.all([theirs, ours].map(async server => readMessage(await ask(query, server))))) as [their: Answer, our: Answer]

/** What the README tells of differences, by the names and types that they may concern. */
const DIFFERENCES: readonly (readonly [what: string, question: RegExp, holds: (their: Answer, our: Answer) => boolean])[] = [
  ['it is the name where the other zone begins of which it is said that it is not signed', /^x\.below/, (_, our) => / below\.example\.org\. 60 IN NSEC /.test(` ${our.authority.join(' ')}`)],
  ['an alias of a name that does not exist is proved to be one', /^ended/, (their, our) => their.rcode === 'NXDOMAIN' && our.rcode === 'NOERROR' && /nothing\.example\.org\. 300 IN NSEC /.test([our.authority, our.answer].join())],
  ['and so is one of a name that does not have the type', /^endless/, (their, our) => !/ NSEC /.test(their.authority.join()) && /www\.example\.org\. 300 IN NSEC /.test([our.authority, our.answer].join())],
  ['the SOA of an error is not signed', /^broken/, (their, our) => their.rcode === our.rcode && our.authority.length === 1 && their.authority.length > 1],
  ['the SOA of another zone is not signed', /^foreign/, (their, our) => their.rcode === 'NOERROR' && our.rcode === 'NXDOMAIN' && our.authority.length === 1],
] // biome-ignore format: a table

suite('CoreDNS signs the same', { skip: noCoreDns() ?? false }, () => {
  test('whatever is asked', async () => {
    const keys = [testKey('example.org.')]
    await using servers = await both(keys)
    const wrong: string[] = []
    const seen = new Set<string>()
    for (const name of NAMES)
      for (const type of TYPES)
        for (const edns of [undefined, { dnssecOk: false }, { dnssecOk: true, udpSize: 4096 }]) {
          const query = queryMessage(`${name}${name && '.'}example.org.`, type, edns ? { edns } : {})
          const [their, our] = await askBoth(servers, query)
          const broken = faults(our, keys)
          const difference = DIFFERENCES.find(
            ([, question, holds]) => question.test(name) && told(their) !== told(our) && holds(their, our),
          )
          if (difference) seen.add(difference[0])
          else if (told(their) !== told(our)) wrong.push(`${our.question}\n${told(their)}\n${told(our)}`)
          if (broken.length > 0) wrong.push(`${our.question}\n${broken.join('\n')}`)
        }
    assert.equal(wrong.length, 0, `${wrong.length} differ:\n${wrong.join('\n')}`)
    assert.deepEqual([...seen].sort(), DIFFERENCES.map(([what]) => what).sort())
  })

  for (const [title, keys] of [
    ['P-384', [testKey('example.org.', 14)]],
    ['Ed25519', [testKey('example.org.', 15)]],
    ['RSA with SHA-1', [testKey('example.org.', 5), testKey('example.org.', 7)]],
    ['RSA with SHA-256 and SHA-512', [testKey('example.org.', 8), testKey('example.org.', 10)]],
    ['two keys that sign everything', [testKey('example.org.', 13, 256), testKey('example.org.', 15, 256)]],
    [
      'keys that sign keys, and keys that sign all else',
      [testKey('org.', 13, 256), testKey('example.org.', 15), testKey('org.')],
    ],
  ] as const)
    test(`with ${title}`, async () => {
      await using servers = await both(keys)
      for (const [name, type] of [
        ['www.', 'A'],
        ['txt.', 'TXT'],
        ['', 'SOA'],
        ['', 'DNSKEY'],
        ['nothing.', 'A'],
        ['refer.', 'A'],
      ] as const) {
        const query = queryMessage(`${name}example.org.`, type, { edns: { dnssecOk: true } })
        const [their, our] = await askBoth(servers, query)
        assert.equal(told(our), told(their))
        assert.deepEqual(faults(our, keys), [])
        assert.match(our.answer.concat(our.authority).join(), / RRSIG /)
      }
    })

  test('over UDP of any size', async () => {
    const keys = [testKey('example.org.'), testKey('example.org.', 8)]
    await using servers = await both(keys)
    const cut: string[] = []
    for (const name of ['', 'www.', 'alias2.', 'many.', 'long.', 'nothing.'])
      for (const type of ['A', 'TXT', 'MX', 'DNSKEY', 'SRV'])
        for (const udpSize of [512, 700, 1232, 1500, 4096]) {
          const query = queryMessage(`${name}example.org.`, type, { edns: { dnssecOk: true, udpSize } })
          const [their, our] = await askBoth(servers, query, askUdp)
          assert.ok(our.raw.length <= udpSize)
          assert.equal(our.rcode, their.rcode)
          assert.equal(our.flags, their.flags, `${our.question} ${udpSize}`)
          if (our.flags.includes('tc')) cut.push(our.question)
          else assert.equal(told(our), told(their))
        }
    assert.ok(cut.length > 20)
  })

  test('zones one in the other, but that the one above signs its DS records', async () => {
    const keys = [testKey('example.org.')]
    await using servers = await both(keys, '', 'example.org sub.example.org 192.0.2.0/24 .')
    const ask = async (name: string, type: string) => askBoth(servers, queryMessage(name, type, { edns: { dnssecOk: true } }))
    for (const [name, type] of [
      ['www.sub.example.org.', 'A'],
      ['sub.example.org.', 'A'],
      ['sub.example.org.', 'DNSKEY'],
      ['www.outside.example.', 'A'],
      ['in.outside.example.', 'A'],
      ['org.', 'DNSKEY'],
      ['.', 'DNSKEY'],
      ['2.0.192.in-addr.arpa.', 'DNSKEY'],
    ] as const) {
      const [their, our] = await ask(name, type)
      if (their.authority.length === 0) assert.equal(told(our), told(their))
      assert.deepEqual(faults(our, keys), [])
    }
    const [their, our] = await ask('sub.example.org.', 'DS')
    const signerOf = ({ answer }: Answer) => answer.map(readSignature).find(Boolean)?.signer
    assert.deepEqual([signerOf(their), signerOf(our)], ['sub.example.org.', 'example.org.'])
    assert.deepEqual(faults(our, keys), [])
  })

  test('and refuses the same', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'dnssec-'))
    const key = testKey('example.org.')
    await writeFiles(folder.path, key.files)
    for (const [use, isTaken] of [
      [`dnssec {\n key file ${key.base}\n}`, false],
      [`dnssec example.org {\n key file ${key.base}\n}`, true],
      [`dnssec www.example.org {\n key file ${key.base}\n}`, true],
      [`dnssec example.org {\n key file ${key.base}.key\n cache_capacity 2\n}`, true],
      [`dnssec example.org {\n key file ${key.base}.private\n}`, true],
      [`dnssec example.com {\n key file ${key.base}\n}`, false],
      ['dnssec example.org {\n key file nothing\n}', false],
      ['dnssec example.org {\n key\n}', false],
      ['dnssec example.org {\n key file\n}', false],
      ['dnssec example.org {\n cache_capacity\n}', false],
      ['dnssec example.org {\n cache_capacity many\n}', false],
      ['dnssec example.org {\n keys x\n}', false],
      ['dnssec example.org\ndnssec example.com', false],
      ['dnssec', true],
    ] as const) {
      const lines = `root ${folder.path}\n${use}\nwhoami`
      const start = async (begin: () => Promise<AsyncDisposable>) => begin().then(async server => server[Symbol.asyncDispose]())
      for (const begin of [() => CoreDns.start(`. {\n${lines}\n}\n`), () => startInProcess(lines)])
        if (isTaken) await start(begin)
        else await assert.rejects(start(begin), use)
    }
  })
})
