/** CoreDNS's answers and this server's are equal but for what the README tells. */
import assert from 'node:assert/strict'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { RCODE } from '#src/dns/codes.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { type Answer, comparable } from '#test/support/message.ts'
import { messageFrom } from '#test/support/records.ts'
import { type Script, startUpstream } from '#test/support/upstream.ts'
import { OTHER, SIGNED, ZONE } from './zones.ts'

const soa = 'outside.example. 60 IN SOA ns.outside.example. mail.outside.example. 1 7200 1800 86400 60'
const outside: Readonly<Record<string, readonly string[]>> = {
  'www.outside.example. A': ['www.outside.example. 40 IN A 192.0.2.80'],
  'txt.outside.example. TXT': ['txt.outside.example. 40 IN TXT "x"'],
  'alias.outside.example. A': [
    'alias.outside.example. 30 IN CNAME www.outside.example.',
    'www.outside.example. 40 IN A 192.0.2.80',
  ],
}
const script: Script = ({ message, name, type }) => {
  const answer = outside[`${name.toLowerCase()} ${type}`]
  if (answer) return messageFrom(message, answer)
  if (name.startsWith('fail')) return messageFrom(message, [], { rcode: RCODE.SERVFAIL })
  return messageFrom(message, [], { rcode: /^(www|txt|alias)\./.test(name) ? RCODE.NOERROR : RCODE.NXDOMAIN, authority: [soa] })
}

const TYPES = [
  'A',
  'AAAA',
  'NS',
  'CNAME',
  'SOA',
  'MX',
  'TXT',
  'SRV',
  'PTR',
  'DS',
  'DNAME',
  'HTTPS',
  'SVCB',
  'NSEC',
  'AXFR',
  'IXFR',
  'TYPE731',
] as const
const NAMES = [
  '', 'ns1', 'www', 'WWW', 'mail', 'txt', 'ptr', 'svc', 'deep', 'labels.deep', 'two.labels.deep', 'x.two.labels.deep', 'unknown', 'unknowm', 'x.y.unknown', '_tcp', '_http._tcp',
  'alias', 'alias2', 'toapex', 'tonothing', 'totxt', 'toent', 'towild', 'todeleg', 'toout', 'tofar', 'tofail', 'tonodata', 'tochain', 'toother', 'self', 'loop1', 'c0', 'c4', 'c5', 'x.alias',
  'wild', '*.wild', 'x.wild', 'z.wild', 'X.Y.wild', 'known.wild', 'x.known.wild', 'ent.wild', 'x.ent.wild', 'below.ent.wild', 'x.*.wild',
  'x.walias', 'z.walias', 'walias', 'x.wout', 'went.walias.x', 'x.went.walias.x', 'y.x.went.walias.x', 'x.wempty', '*.wempty', 'a.x.wempty', 'a.*.wempty', 'b.same.wmail', 'b.some.wmail',
  'sub', 'www.sub', 'ns1.sub', 'x.y.sub', 'deep.sub', 'x.deep.sub', 'dname.sub', 'x.dname.sub', 'sub2', 'x.sub2', 'z.sub2', 'dname', 'www.dname', 'alias.dname', 'x.dname', 'x.y.dname', 'below.dname', 'www.dout', 'gone.dout',
  'x.dself', 'types', 'odd\\.label', 'upper', 'gen001', 'gen003', 'gen004',
] // biome-ignore format: a table

const SIGNED_NAMES = ['', 'a.', 'x.a.', 'z.a.', 'b.a.', 'x.b.a.', 'alias.', 'x.dname.', 'b.dname.', 'dname.', 'ent.', 'e.ent.', 'x.ent.', '0.', 'nothing.', 'zz.', 'safe.', 'x.safe.', 'unsafe.', 'x.unsafe.', 'ns.unsafe.', 'www.', 'WwW.'] // biome-ignore format: a table
const SIGNED_TYPES = ['A', 'AAAA', 'MX', 'TXT', 'NS', 'SOA', 'DS', 'DNSKEY', 'NSEC', 'RRSIG', 'CNAME', 'DNAME'] as const

const isSoa = ({ authority }: Answer) => / SOA /.test(authority[0] ?? '')
const differsBeside = (section: 'answer' | 'authority', their: Answer, our: Answer) =>
  told({ ...their, [section]: [] }) !== told({ ...our, [section]: [] })

/** What the README tells of a difference, if it does, by the names and types that it may concern. */
const DIFFERENCES: readonly (readonly [what: string, question: RegExp, holds: (their: Answer, our: Answer) => boolean])[] = [
  [
    'an alias of a name that does not have the type comes with the SOA',
    /./,
    (their, our) => isSoa(our) && !isSoa(their) && /CNAME/.test(our.answer.join()) && !differsBeside('authority', their, our),
  ],
  ['a circle of aliases is a failure', /^(self|loop1|x\.dself)\./, (_, our) => our.rcode === 'SERVFAIL' && our.answer.length === 0],
  ['a DNAME that leads to itself is told to who asks for the CNAME', /^x\.dself\.\S+ CNAME/, (_, our) => our.answer.length === 2],
  ['a long chain is followed for NS, too', /^c\d\S+ NS/, (their, our) => their.rcode === 'SERVFAIL' && our.rcode === 'NOERROR'],
  ['an alias of the zone comes with the addresses of its name servers', /^toapex\.\S+ NS/, (_, our) => our.additional.length === 2],
  ['a wildcard does not stand for a name above others', /^ent\.wild\./, (_, our) => our.answer.length === 0 && isSoa(our)],
  ['$TTL counts for $GENERATE', /^gen00/, (their, our) => !differsBeside('answer', their, our)],
  ['a negative answer is not kept longer than the SOA says', /^x\.other\./, (their, our) => !differsBeside('authority', their, our)],
  ['all signatures of the zone are told to who asks for them', /^signed\.example RRSIG/, (_, our) => our.answer.length === 4],
  ['what there is not is proved', /signed\.example /, (their, our) => /NSEC/.test(our.authority.join()) && !differsBeside('authority', their, our)],
] // biome-ignore format: a table

const told = (answer: Answer) => JSON.stringify(comparable(answer))

suite('CoreDNS answers the same', { skip: noCoreDns() ?? false }, () => {
  test('for every name and type', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'file-'))
    const [db, other, signed] = ['db', 'other', 'signed'].map(name => join(folder.path, name)) as [string, string, string]
    await writeFile(db, ZONE)
    await writeFile(other, OTHER)
    await writeFile(signed, SIGNED)
    await using upstream = await startUpstream(script)
    const block = `file ${db} example.org\nfile ${other} example.net other.example\nfile ${signed} signed.example\nforward outside.example ${upstream.to}`
    await using theirs = await CoreDns.start(`. {\n${block}\n}\n`)
    await using ours = await startInProcess(block)
    const questions = NAMES.flatMap(name => TYPES.map(type => [`${name}${name === '' ? '' : '.'}example.org`, type] as const))
    const types = [
      'CAA',
      'NAPTR',
      'HINFO',
      'RP',
      'AFSDB',
      'LOC',
      'SSHFP',
      'TLSA',
      'URI',
      'DNSKEY',
      'CERT',
      'OPENPGPKEY',
      'CSYNC',
      'EUI48',
      'EUI64',
      'SMIMEA',
      'ZONEMD',
      'SPF',
      'KX',
      'DHCID',
    ]
    const more = ['www.example.net A', 'www.other.example A', 'other.example NS', 'x.other.example A', 'www.example.com A'].map(
      line => line.split(' ') as [string, string],
    )
    const wrong: string[] = []
    const seen = new Set<string>()
    for (const [name, type] of [
      ...questions,
      ...SIGNED_NAMES.flatMap(name => SIGNED_TYPES.map(type => [`${name}signed.example`, type] as const)),
      ...types.map(type => ['types.example.org', type] as const),
      ...more,
    ]) {
      for (const edns of [{ udpSize: 4096 }, { udpSize: 4096, dnssecOk: true }]) {
        const [their, our] = await Promise.all([theirs.query(name, type, { edns }), ours.query(name, type, { edns })]).catch(
          error => {
            throw new Error(`${name} ${type}`, { cause: error })
          },
        )
        // What was compiled for the first is sent to the second.
        assert.equal(told(await ours.query(name, type, { edns })), told(our), `${name} ${type}`)
        if (told(their) === told(our)) continue
        const why = DIFFERENCES.find(([, question, holds]) => question.test(`${name} ${type}`) && holds(their, our))
        if (why) seen.add(why[0])
        else wrong.push(`${name} ${type}\n${told(their)}\n${told(our)}`)
      }
    }
    assert.equal(wrong.length, 0, `${wrong.length} differ:\n${wrong.join('\n')}`)
    assert.deepEqual([...seen].sort(), DIFFERENCES.map(([what]) => what).sort())
  })
})
