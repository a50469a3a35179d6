import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Verdict, verdictOf } from '#plugins/cache/verdict.ts'
import { FLAG, RCODE, TYPE } from '#src/dns/codes.ts'
import { readReply } from '#src/dns/message.ts'
import { toKey } from '#src/dns/name.ts'
import { Query } from '#src/dns/query.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { Reply } from '#src/plugin.ts'
import { admit } from '#src/server/admission.ts'
import { queryMessage } from '#test/support/message.ts'
import { messageFrom } from '#test/support/records.ts'

const client = { address: '192.0.2.1', port: 40_000, family: 4 } as const
const listener = { label: 'dns://:53', address: '', port: 53 }

function queryFor(type: string, dnssecOk = false): Query {
  const query = admit(queryMessage('www.example.org', type, { edns: { dnssecOk } }), client, 'udp', listener)
  assert.ok(query instanceof Query)
  return query
}

interface Parts {
  rcode?: number
  flags?: number
  authority?: readonly string[]
  dnssecOk?: boolean
}

function verdict(type: string, answer: readonly string[], { dnssecOk, ...parts }: Parts = {}): Verdict | undefined {
  const query = queryFor(type, dnssecOk)
  return verdictOf(query, readReply(messageFrom(Buffer.from(query.message), answer, parts)))
}

const soa = 'example.org. 60 IN SOA ns.example.org. admin.example.org. 1 7200 900 1209600 60'
const alias = (owner: string, target: string) => `${owner}.example.org. 60 IN CNAME ${target}.example.org.`

suite('what a reply says', () => {
  const cases: readonly (readonly [what: string, verdict: Verdict | undefined, got: Verdict | undefined])[] = [
    ['the records', 'answer', verdict('A', ['www.example.org. 60 IN A 192.0.2.1', 'www.example.org. 60 IN A 192.0.2.2'])],
    ['in other letters', 'answer', verdict('A', ['WWW.example.ORG. 60 IN A 192.0.2.1'])],
    ['another name', undefined, verdict('A', ['web.example.org. 60 IN A 192.0.2.1'])],
    ['another type', undefined, verdict('A', ['www.example.org. 60 IN AAAA 2001:db8::1'])],
    ['an alias and its records', 'answer', verdict('A', [alias('www', 'a'), alias('a', 'b'), 'b.example.org. 60 IN A 192.0.2.1'])],
    ['in any order', 'answer', verdict('A', ['b.example.org. 60 IN A 192.0.2.1', alias('a', 'b'), alias('www', 'a')])],
    ['twice the same alias', 'answer', verdict('A', [alias('www', 'a'), alias('www', 'a'), 'a.example.org. 60 IN A 192.0.2.1'])],
    ['two aliases that contradict', undefined, verdict('A', [alias('www', 'a'), alias('www', 'b'), 'a.example.org. 60 IN A 192.0.2.1'])],
    ['aliases in a circle', undefined, verdict('A', [alias('www', 'a'), alias('a', 'www')])],
    ['an alias to itself', undefined, verdict('A', [alias('www', 'www')])],
    ['the alias that was asked for', 'answer', verdict('CNAME', [alias('www', 'a')])],
    ['anything for ANY', 'answer', verdict('ANY', ['www.example.org. 60 IN TXT "text"'])],
    ['anything else for ANY', undefined, verdict('ANY', ['web.example.org. 60 IN TXT "text"'])],
    ['aliases to nothing, with SOA', 'denial', verdict('A', [alias('www', 'a')], { authority: [soa] })],
    ['nothing, with SOA', 'denial', verdict('A', [], { authority: [soa] })],
    ['nothing', 'empty', verdict('A', [])],
    ['a referral', 'empty', verdict('A', [], { authority: ['example.org. 60 IN NS ns.example.org.'] })],
    ['no such name', 'denial', verdict('A', [], { rcode: RCODE.NXDOMAIN, authority: [soa] })],
    ['no such name, without SOA', 'denial', verdict('A', [], { rcode: RCODE.NXDOMAIN })],
    ['SERVFAIL', 'failure', verdict('A', [], { rcode: RCODE.SERVFAIL })],
    ['NOTIMP', 'failure', verdict('A', [], { rcode: RCODE.NOTIMP })],
    ['REFUSED', undefined, verdict('A', [], { rcode: RCODE.REFUSED })],
    ['FORMERR', undefined, verdict('A', [], { rcode: RCODE.FORMERR })],
    ['a part of it', undefined, verdict('A', [], { flags: FLAG.TC })],
  ] // biome-ignore format: a table
  for (const [what, expected, got] of cases) test(what, () => assert.equal(got, expected))
})

test('compressed owners are read', () => {
  const name = toKey('www.example.org')
  const target = toKey('host.example.org')
  const builder = new SectionsBuilder(name).name(name, TYPE.CNAME, 60, target).address(target, 60, Uint8Array.of(192, 0, 2, 1))
  assert.equal(verdictOf(queryFor('A'), new Reply(RCODE.NOERROR, 0, builder.build())), 'answer')
  assert.equal(verdictOf(queryFor('AAAA'), new Reply(RCODE.NOERROR, 0, builder.build())), undefined)
})

suite('signatures that are not valid now make a reply useless for others', () => {
  const seconds = Math.floor(Date.now() / 1000)
  const signed = (inception: number, expiration: number, dnssecOk: boolean) => {
    const query = queryFor('A', dnssecOk)
    const rdata = Buffer.alloc(19)
    rdata.writeUInt32BE((seconds + expiration) >>> 0, 8)
    rdata.writeUInt32BE((seconds + inception) >>> 0, 12)
    const line = `www.example.org. 60 IN TYPE46 \\# 19 ${rdata.toString('hex')}`
    const reply = readReply(messageFrom(Buffer.from(query.message), ['www.example.org. 60 IN A 192.0.2.1', line]))
    return verdictOf(query, reply)
  }
  const cases: readonly (readonly [what: string, got: Verdict | undefined, expected: Verdict | undefined])[] = [
    ['valid', signed(-60, 60, true), 'answer'],
    ['over', signed(-60, -30, true), undefined],
    ['to come', signed(30, 60, true), undefined],
    ['over, but nobody looks at it', signed(-60, -30, false), 'answer'],
  ]
  for (const [what, got, expected] of cases) test(what, () => assert.equal(got, expected))
})
