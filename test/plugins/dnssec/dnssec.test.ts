import assert from 'node:assert/strict'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Dnssec } from '#plugins/dnssec/dnssec.ts'
import { RCODE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { readKeyFiles } from '#src/dnssec/key-files.ts'
import { Metrics } from '#src/metrics.ts'
import { answer, nameError, type Query, type Reply } from '#src/plugin.ts'
import { isSignedBy, readSignature, type TestKey, testKey } from '#test/support/dnssec.ts'
import { queryOf } from '#test/support/exchange.ts'
import { startInFolder, writeFiles } from '#test/support/in-process.ts'
import type { Answer } from '#test/support/message.ts'

const DO = { edns: { dnssecOk: true, udpSize: 4096 } } as const
const SOA = {
  mname: toKey('ns.example.org'),
  rname: toKey('h.example.org'),
  serial: 1,
  refresh: 2,
  retry: 3,
  expire: 4,
  minimum: 5,
}

/** @param lines of the server block, the key's file being in its folder */
const serve = (key: TestKey, lines: string) =>
  startInFolder(
    folder => writeFiles(folder, key.files),
    `prometheus localhost:0\ndnssec example.org {\n key file ${key.base}\n}\n${lines}`,
  )

/** Answers with addresses, in an order of its own each time; denies all but A. */
function addresses({ key, type }: Query): Reply {
  const sections = new SectionsBuilder(key)
  if (type !== 1) return nameError(sections.authority().soa(toKey('example.org'), 5, SOA).build())
  for (const last of [1, 2, 3, 4].sort(() => Math.random() - 0.5)) sections.address(key, 5, Uint8Array.of(10, 0, 0, last))
  return answer(sections.build())
}

const signatures = ({ answer, authority }: Answer) => [...answer, ...authority].flatMap(line => readSignature(line) ?? [])

async function signatureOfAddresses({ server }: Awaited<ReturnType<typeof serve>>) {
  server.script = addresses
  return signatures(await server.query('www.example.org.', 'A', DO))[0]!
}

test('who does not ask for signatures is told what there is', async () => {
  await using served = await serve(testKey('example.org.'), 'script')
  const { server } = served
  server.script = addresses
  for (const options of [{}, { edns: true }] as const) {
    const { answer, authority } = await server.query('www.example.org.', 'A', options)
    assert.deepEqual([answer.length, authority.length], [4, 0])
    const denial = await server.query('www.example.org.', 'TXT', options)
    assert.deepEqual([denial.rcode, denial.authority.length], ['NXDOMAIN', 1])
  }
  // Names elsewhere, and whole zones, are not signed.
  assert.equal(signatures(await server.query('www.example.com.', 'A', DO)).length, 0)
  assert.equal((await server.query('www.example.org.', 'AXFR', DO)).rcode, 'NXDOMAIN')
})

test('a signature stands behind what it covers, and is made once, whatever the order and the letters', async () => {
  const key = testKey('example.org.')
  await using served = await serve(key, 'loadbalance\nscript')
  const { server } = served
  server.script = addresses
  const [first] = signatures(await server.query('www.example.org.', 'A', DO))
  for (let i = 0; i < 20; i++) {
    const { answer } = await server.query(i & 1 ? 'WWW.example.ORG.' : 'www.example.org.', 'A', DO)
    const signature = readSignature(answer[4]!)!
    assert.ok(isSignedBy(key, signature, answer.slice(0, 4)))
    assert.deepEqual(signature.signature, first!.signature)
  }
  assert.equal(await server.metric('coredns_dnssec_cache_misses_total'), 1)
  assert.equal(await server.metric('coredns_dnssec_cache_hits_total'), 20)
  // The last has 255 octets.
  const long = `${[63, 63, 63, 49].map(length => 'l'.repeat(length)).join('.')}.example.org.`
  for (const name of ['no.example.org.', 'NO.example.org.', long]) {
    const denial = await server.query(name, 'AAAA', DO)
    assert.equal(denial.rcode, 'NOERROR')
    for (const signature of signatures(denial)) {
      const covered = denial.authority.filter(line => line.split(' ')[3] === signature.covered)
      assert.ok(isSignedBy(key, signature, covered), signature.covered)
    }
  }
  assert.equal(await server.metric('coredns_dnssec_cache_entries', { type: 'signature' }), 4)
})

test('records of one name and type are signed with the least of their times', async () => {
  const key = testKey('example.org.')
  await using served = await serve(key, 'script')
  served.server.script = ({ key }) =>
    answer(
      new SectionsBuilder(key)
        .address(key, 300, Uint8Array.of(10, 0, 0, 1))
        .address(key, 40, Uint8Array.of(10, 0, 0, 2))
        .build(),
    )
  const { answer: answers } = await served.server.query('www.example.org.', 'A', DO)
  assert.deepEqual(
    answers.map(line => line.split(' ')[1]),
    ['40', '40', '40'],
  )
})

test('signatures are made anew in time', async t => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  await using served = await serve(testKey('example.org.'), 'script')
  const sign = () => signatureOfAddresses(served)
  const first = await sign()
  const days = 86_400_000
  t.mock.timers.setTime(Date.now() + 6 * days - 1000)
  assert.deepEqual(await sign(), first)
  t.mock.timers.setTime(Date.now() + 2000)
  const second = await sign()
  assert.equal(second.expiration - first.expiration, 6 * 86_400 + 1)
  assert.equal(second.expiration - second.inception, 8 * 86_400 + 3 * 3600)
})

test('a clock that was ahead and is set back leaves no signatures that are not valid yet', async t => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  await using served = await serve(testKey('example.org.'), 'script')
  const sign = () => signatureOfAddresses(served)
  const first = await sign()
  const hours = 3_600_000
  t.mock.timers.setTime(Date.now() - 3 * hours)
  assert.deepEqual(await sign(), first)
  t.mock.timers.setTime(Date.now() - 1000)
  assert.ok((await sign()).inception <= Date.now() / 1000)
})

test('a reload goes on with what is signed, unless there are other keys', async () => {
  const [key, other] = [testKey('example.org.'), testKey('example.org.')]
  await using served = await startInFolder(
    folder => writeFiles(folder, { ...key.files, ...other.files }),
    `dnssec example.org {\n key file ${key.base}\n}\nscript`,
  )
  const { server } = served
  server.script = addresses
  const sign = async () => signatures(await server.query('www.example.org.', 'A', DO))[0]!.signature
  const first = await sign()
  await server.server.reload()
  assert.deepEqual(await sign(), first)
  server.corefile = server.corefile.replace(key.base, other.base)
  await server.server.reload()
  assert.notDeepEqual(await sign(), first)
})

test('records of another class are left alone', async () => {
  const key = testKey('example.org.')
  await using folder = await mkdtempDisposable(join(tmpdir(), 'dnssec-'))
  await writeFiles(folder.path, key.files)
  const dnssec = new Dnssec(['example.org.'], [readKeyFiles(join(folder.path, key.base))], 1024, new Metrics())
  const query = queryOf('example.org.', 'A', { ...DO, class: 3 })
  const reply = addresses(query)
  const { sections } = reply
  assert.equal((await dnssec.wrap(() => reply)(query)).sections, sections)
})

test('each set is signed once, and no more than a thousand at a time', async () => {
  const key = testKey('example.org.')
  await using folder = await mkdtempDisposable(join(tmpdir(), 'dnssec-'))
  await writeFiles(folder.path, key.files)
  const metrics = new Metrics()
  const dnssec = new Dnssec(['example.org.'], [readKeyFiles(join(folder.path, key.base))], 1024, metrics)
  const handler = dnssec.wrap(addresses)
  const ask = async (name: string) => handler(queryOf(name, 'A', DO))
  const pending = Array.from({ length: 1000 }, (_, i) => ask(`a${i}.example.org.`))
  const [more, again] = await Promise.all([ask('one.example.org.'), ask('a7.example.org.')])
  assert.deepEqual([more.rcode, again.rcode], [RCODE.SERVFAIL, RCODE.NOERROR])
  const [, , , , , , , seventh] = await Promise.all(pending)
  assert.deepEqual(again.sections.bytes.subarray(-64), seventh!.sections.bytes.subarray(-64))
  assert.equal((await ask('one.example.org.')).rcode, RCODE.NOERROR)
})

test('no more signatures are held than there is room for', async () => {
  const key = testKey('example.org.')
  await using served = await startInFolder(
    folder => writeFiles(folder, key.files),
    `prometheus localhost:0\ndnssec example.org {\n key file ${key.base}\n cache_capacity 1\n}\nscript`,
  )
  const { server } = served
  server.script = addresses
  for (let i = 0; i < 1050; i++) await server.query(`a${i}.example.org.`, 'A', DO)
  assert.equal(await server.metric('coredns_dnssec_cache_entries'), 1024)
  await server.query('a0.example.org.', 'A', DO)
  assert.equal(await server.metric('coredns_dnssec_cache_misses_total'), 1051)
})
