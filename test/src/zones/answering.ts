import assert from 'node:assert/strict'
import { toKey, toText } from '#src/dns/name.ts'
import { type Reply, refused } from '#src/plugin.ts'
import { fit } from '#src/server/fit.ts'
import { octetsOf } from '#src/transport/transport.ts'
import { Answers } from '#src/zones/answers.ts'
import type { Zone } from '#src/zones/zone.ts'
import { queryOf } from '#test/support/exchange.ts'
import { readMessage } from '#test/support/message.ts'
import type { Random } from '#test/support/random.ts'

const TYPES = ['A', 'AAAA', 'NS', 'MX', 'CNAME', 'SOA', 'ANY', 'DS', 'RRSIG', 'NSEC', 'SVCB', 'SRV', 'DNAME'] as const

/** Whatever a zone for example.org was made of, its replies are whole. @param owners keys of names that may be in it */
export function assertAnswers(zone: Zone, owners: readonly string[], random: Random): void {
  const answers = new Answers(zone)
  for (let i = 0; i < 100; i++) {
    const owner = random.one(...owners, toKey('example.org'))
    const name = random.one(toText(owner), `x.${toText(owner)}`)
    if (!/example\.org\.$/.test(name) || name.length > 250) continue
    const query = queryOf(name, random.one(...TYPES), { edns: { udpSize: 4096, dnssecOk: random.is(0.5) } })
    for (let again = 0; again < 2; again++) {
      const reply = answers.respond(query, () => refused(), undefined) as Reply
      const { question, rcode } = readMessage(Buffer.from(octetsOf(fit(query, reply))))
      assert.ok(['NOERROR', 'NXDOMAIN', 'SERVFAIL', 'YXDOMAIN'].includes(rcode), `${question} ${rcode}`)
    }
  }
}
