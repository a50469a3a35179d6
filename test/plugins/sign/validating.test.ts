/** Other implementations take what is signed, in the file and as *file* answers it. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { testKey } from '#test/support/dnssec.ts'
import { Knot, noKnot } from '#test/support/knot.ts'
import { missing } from '#test/support/programs.ts'
import { delv, Unbound } from '#test/support/validators.ts'
import { until } from '#test/support/waiting.ts'
import { serve, signed } from './signing.ts'
import { ZONE } from './zones.ts'

const ALGORITHMS = [13, 15, 8, 14] as const

suite('knot', { skip: noKnot() ?? false, timeout: 60_000 }, () => {
  const start = async (db: string) => {
    const zone =
      'zone:\n  - domain: example.org\n    file: db\n    zonefile-sync: -1\n    zonefile-load: whole\n    semantic-checks: on\n    dnssec-validation: on\n'
    const knot = await Knot.start(zone, { db })
    await until(() => knot.lines.some(line => /\[example\.org\.\] .*(loaded|failed)/.test(line)))
    return knot
  }

  // It loads none with names below DNAME.
  const db = ZONE.replace(/^below\.dname .*\n/m, '')
  for (const algorithm of ALGORITHMS)
    test(`finds a zone of algorithm ${algorithm} whole`, async () => {
      await using served = await serve(testKey('example.org.', algorithm), { db })
      await using knot = await start(await signed(served))
      assert.equal((await knot.query('www.example.org.', 'A')).rcode, 'NOERROR', knot.lines.join('\n'))
    })

  test('finds one that is not whole', async () => {
    await using served = await serve(undefined, { db })
    await using knot = await start((await signed(served)).replace('192.0.2.61', '192.0.2.63'))
    assert.equal((await knot.query('www.example.org.', 'A')).rcode, 'SERVFAIL')
  })
})

const FOUND = [
  ['www.example.org.', 'A'],
  ['example.org.', 'SOA'],
  ['example.org.', 'NS'],
  ['example.org.', 'MX'],
  ['example.org.', 'DNSKEY'],
  ['example.org.', 'CDS'],
  ['example.org.', 'CDNSKEY'],
  ['two.labels.deep.example.org.', 'TXT'],
  ['_http._tcp.example.org.', 'SRV'],
  ['svc.example.org.', 'HTTPS'],
  ['types.example.org.', 'TYPE731'],
  ['odd\\.label.example.org.', 'TXT'],
  ['*.wild.example.org.', 'A'],
  ['x.wild.example.org.', 'A'],
  ['x.y.wild.example.org.', 'MX'],
  ['alias.example.org.', 'A'],
  ['towild.example.org.', 'A'],
  ['www.dname.example.org.', 'A'],
  ['safe.example.org.', 'DS'],
] as const

const DENIED = [
  ['nothing.example.org.', 'A', 'NXDOMAIN'],
  ['a.b.c.nothing.example.org.', 'A', 'NXDOMAIN'],
  ['0.example.org.', 'A', 'NXDOMAIN'],
  ['zz.example.org.', 'A', 'NXDOMAIN'],
  ['www.example.org.', 'MX', 'NOERROR'],
  ['deep.example.org.', 'A', 'NOERROR'],
  ['labels.deep.example.org.', 'A', 'NOERROR'],
  ['_tcp.example.org.', 'SRV', 'NOERROR'],
  ['x.wild.example.org.', 'AAAA', 'NOERROR'],
  ['known.wild.example.org.', 'A', 'NOERROR'],
  ['x.known.wild.example.org.', 'A', 'NXDOMAIN'],
  ['tonothing.example.org.', 'A', 'NXDOMAIN'],
  ['topart.example.org.', 'A', 'NOERROR'],
  ['gone.dname.example.org.', 'A', 'NXDOMAIN'],
  ['unsafe.example.org.', 'DS', 'NOERROR'],
  ['example.org.', 'CAA', 'NOERROR'],
] as const

suite('delv', { skip: missing('delv', '-v') ?? false }, () => {
  for (const algorithm of ALGORITHMS)
    test(`validates answers and denials of algorithm ${algorithm}`, async () => {
      const key = testKey('example.org.', algorithm)
      await using served = await serve(key)
      await signed(served)
      const ask = (name: string, type: string) =>
        delv(served.server.port, { zone: 'example.org.', dnskey: key.dnskey }, name, type)
      const some = algorithm === 13 ? 100 : 3
      for (const [name, type] of FOUND.slice(0, some))
        assert.match(await ask(name, type), /^; fully validated/m, `${name} ${type}`)
      for (const [name, type] of DENIED.slice(0, some))
        assert.match(await ask(name, type), /^; (negative response, )?fully validated/m, `${name} ${type}`)
    })
})

suite('unbound', { skip: missing('unbound', '-V') ?? false }, () => {
  for (const algorithm of ALGORITHMS)
    test(`validates answers and denials of algorithm ${algorithm}`, async () => {
      const key = testKey('example.org.', algorithm)
      await using served = await serve(key)
      await signed(served)
      await using unbound = await Unbound.start(served.server.port, { zone: 'example.org.', dnskey: key.dnskey })
      for (const [name, type, rcode] of [...FOUND.map(([name, type]) => [name, type, 'NOERROR'] as const), ...DENIED]) {
        const reply = await unbound.query(name, type)
        assert.deepEqual([reply.rcode, reply.flags], [rcode, 'qr rd ra ad'], `${name} ${type}`)
      }
    })
})
