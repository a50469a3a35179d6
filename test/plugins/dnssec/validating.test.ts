/** Resolvers take what is signed, and what it proves. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ZONE } from '#test/plugins/file/zones.ts'
import { backend } from '#test/plugins/mesh/manifests.ts'
import { type TestKey, testKey } from '#test/support/dnssec.ts'
import { startInFolder, writeFiles } from '#test/support/in-process.ts'
import { missing } from '#test/support/programs.ts'
import { delv, Unbound } from '#test/support/validators.ts'

/** A server with signed zones of *file* and *mesh*. */
async function serve(keys: readonly TestKey[]) {
  const files = Object.assign({}, ...keys.map(({ files }) => files), {
    db: ZONE,
    'backend.yaml': backend(['10.1.1.1', '10.1.1.2', '10.1.1.3']),
  })
  const uses = keys.map(({ base }) => base).join(' ')
  return startInFolder(folder => writeFiles(folder, files), `loadbalance\ndnssec example.org cluster.local {\n key file ${uses}\n}\nmesh cluster.local {\n source file backend.yaml\n}\nfile db example.org`) // biome-ignore format: one line
}

const FOUND = [
  ['www.example.org.', 'A'],
  ['WWW.Example.org.', 'AAAA'],
  ['example.org.', 'SOA'],
  ['example.org.', 'NS'],
  ['example.org.', 'MX'],
  ['example.org.', 'DNSKEY'],
  ['txt.example.org.', 'TXT'],
  ['_http._tcp.example.org.', 'SRV'],
  ['svc.example.org.', 'HTTPS'],
  ['types.example.org.', 'NAPTR'],
  ['types.example.org.', 'RP'],
  ['types.example.org.', 'KX'],
  ['types.example.org.', 'TYPE731'],
  ['odd\\.label.example.org.', 'TXT'],
  ['x.wild.example.org.', 'A'],
  ['alias2.example.org.', 'A'],
  ['www.dname.example.org.', 'A'],
  ['backend.default.svc.cluster.local.', 'A'],
] as const

const DENIED = [
  ['unknown.example.org.', 'A'],
  ['x.y.unknown.example.org.', 'MX'],
  ['mail.example.org.', 'MX'],
  ['deep.example.org.', 'A'],
  ['example.org.', 'CAA'],
  ['sub.example.org.', 'DS'],
  ['www.example.org.', 'DS'],
  ['tonothing.example.org.', 'A'],
  ['totxt.example.org.', 'A'],
  ['backend.default.svc.cluster.local.', 'AAAA'],
  ['gone.default.svc.cluster.local.', 'A'],
  ['cluster.local.', 'TXT'],
] as const

const zoneOf = (name: string) => (name.endsWith('cluster.local.') ? 'cluster.local.' : 'example.org.')
const KEYS = [13, 15, 8, 14] as const

suite('delv', { skip: missing('delv', '-v') ?? false }, () => {
  for (const algorithm of KEYS)
    test(`validates answers and denials of algorithm ${algorithm}`, async () => {
      const key = testKey('.', algorithm)
      await using served = await serve([key])
      const { port } = served.server
      for (const [names, told] of [
        [FOUND, /^; fully validated/m],
        [DENIED, /^; negative response, fully validated|^; fully validated/m],
      ] as const)
        for (const [name, type] of algorithm === 13 ? names : names.slice(0, 3))
          assert.match(await delv(port, { zone: zoneOf(name), dnskey: key.dnskey }, name, type), told, `${name} ${type}`)
    })
})

suite('unbound', { skip: missing('unbound', '-V') ?? false }, () => {
  for (const algorithm of KEYS)
    test(`validates answers and denials of algorithm ${algorithm}`, async () => {
      const [zoneKey, keyKey] = [testKey('.', algorithm, 256), testKey('.', algorithm, 257)]
      await using served = await serve([zoneKey, keyKey])
      for (const zone of ['example.org.', 'cluster.local.']) {
        await using unbound = await Unbound.start(served.server.port, { zone, dnskey: keyKey.dnskey })
        for (const [name, type] of [...FOUND, ...DENIED].filter(([name]) => zoneOf(name) === zone)) {
          const { rcode, flags } = await unbound.query(name, type)
          assert.deepEqual([rcode, flags], ['NOERROR', 'qr rd ra ad'], `${name} ${type}`)
        }
      }
    })

  test('takes no other key', async () => {
    const key = testKey('example.org.')
    await using served = await serve([key])
    await using unbound = await Unbound.start(served.server.port, {
      zone: 'example.org.',
      dnskey: testKey('example.org.').dnskey,
    })
    assert.equal((await unbound.query('www.example.org.', 'A')).rcode, 'SERVFAIL')
  })
})
