/** Whatever is answered, what goes out is whole, and every signature in it is right, and of a zone that is signed. */
import assert from 'node:assert/strict'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Dnssec } from '#plugins/dnssec/dnssec.ts'
import { TYPE } from '#src/dns/codes.ts'
import { toKey, toText } from '#src/dns/name.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { readKeyFiles } from '#src/dnssec/key-files.ts'
import { Metrics } from '#src/metrics.ts'
import { type Query, Reply } from '#src/plugin.ts'
import { fit } from '#src/server/fit.ts'
import { octetsOf } from '#src/transport/transport.ts'
import { isSignedBy, readSignature, testKey } from '#test/support/dnssec.ts'
import { queryOf } from '#test/support/exchange.ts'
import { writeFiles } from '#test/support/in-process.ts'
import { readMessage } from '#test/support/message.ts'
import { Random, SEED } from '#test/support/random.ts'

const ZONES = ['example.org.', 'sub.example.org.', '2.0.192.in-addr.arpa.']
const LONG = `${'l'.repeat(63)}.${'m'.repeat(63)}.${'n'.repeat(63)}`
const NAMES = ['example.org', 'a.example.org', 'b.a.example.org', '*.example.org', 'sub.example.org', 'x.sub.example.org', 'org', 'example.com', '.', `${LONG}.${'o'.repeat(48)}.example.org`, `${'s'.repeat(63)}.example.org`, '1.2.0.192.in-addr.arpa'].map(toKey) // biome-ignore format: one line
const TYPES = [
  TYPE.A,
  TYPE.AAAA,
  TYPE.NS,
  TYPE.CNAME,
  TYPE.SOA,
  TYPE.MX,
  TYPE.TXT,
  TYPE.DS,
  TYPE.NSEC,
  TYPE.DNSKEY,
  TYPE.ANY,
  TYPE.RRSIG,
]

function records(builder: SectionsBuilder, random: Random): void {
  for (let left = random.below(4); left > 0; left--) {
    const owner = random.one(...NAMES)
    const ttl = random.below(100)
    const type = random.one(TYPE.A, TYPE.NS, TYPE.CNAME, TYPE.SOA, TYPE.TXT, TYPE.DS, 731)
    if (type === TYPE.A) builder.address(owner, ttl, Uint8Array.of(10, 0, 0, random.below(3)))
    else if (type === TYPE.NS || type === TYPE.CNAME) builder.name(owner, type, ttl, random.one(...NAMES))
    else if (type === TYPE.SOA)
      builder.soa(owner, ttl, { mname: owner, rname: owner, serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 })
    else if (type === TYPE.TXT) builder.strings(owner, type, ttl, ['a', 'b'].slice(random.below(2)))
    else builder.octets(owner, type, ttl, type === TYPE.DS ? '\0\x07\x0d\x02abcd' : 'x'.repeat(random.below(3)))
  }
}

test(`replies by chance, seed ${SEED}`, async () => {
  const random = new Random(SEED)
  const key = testKey('.')
  await using folder = await mkdtempDisposable(join(tmpdir(), 'dnssec-'))
  await writeFiles(folder.path, key.files)
  const dnssec = new Dnssec(ZONES, [readKeyFiles(join(folder.path, key.base))], 1024, new Metrics())
  const handler = dnssec.wrap(({ key }: Query) => {
    const builder = new SectionsBuilder(key)
    records(builder, random)
    records(builder.authority(), random)
    records(builder.additional(), random)
    return new Reply(random.one(0, 0, 3, 2), 0, builder.build())
  })
  let signed = 0
  for (let round = 0; round < 2000; round++) {
    const query = queryOf(toText(random.one(...NAMES)), random.one(...TYPES), { edns: { dnssecOk: true, udpSize: 4096 } })
    const { answer, authority, additional } = readMessage(Buffer.from(octetsOf(fit(query, await handler(query)))))
    for (const section of [answer, authority, additional])
      for (const line of section) {
        const signature = readSignature(line)
        if (!signature) continue
        signed++
        const set = section.filter(record => {
          const [owner, , , type] = record.split(' ')
          return owner === signature.owner && type === signature.covered
        })
        assert.ok(ZONES.includes(signature.signer), line)
        assert.ok(isSignedBy(key, signature, set), [line, ...set].join('\n'))
        assert.ok(
          set.every(record => Number(record.split(' ')[1]) === signature.ttl),
          line,
        )
      }
  }
  assert.ok(signed > 1000, `${signed} signatures`)
})
