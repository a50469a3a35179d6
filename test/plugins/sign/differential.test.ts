/** CoreDNS writes the same records with the same keys, but for what the README tells. */
import assert from 'node:assert/strict'
import { mkdir, mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { TYPE, typeName } from '#src/dns/codes.ts'
import { MasterFile } from '#src/dns/master-file/master-file.ts'
import { ROOT, toText } from '#src/dns/name.ts'
import { ZONE } from '#test/plugins/file/zones.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { type TestKey, testKey } from '#test/support/dnssec.ts'
import { startInProcess, writeFiles } from '#test/support/in-process.ts'
import { until } from '#test/support/waiting.ts'
import { ZONE as OTHER } from './zones.ts'

/** Nothing in it is signed otherwise: one TTL for all, no names below DNAME, no records beside NS. */
const ALIKE = ZONE.replace(/^@ 600 SOA.*$/m, '@ 300 SOA ns1 hostmaster 7 7200 3600 1209600 300').replace(
  /^(below\.dname|\$GENERATE) .*\n/gm,
  '',
)

/** The records of a file, but for serials, the times of signatures, and their octets. */
async function recordsOf(path: string): Promise<string[]> {
  const records: string[] = []
  await new MasterFile(path).read(ROOT, ({ owner, ttl, type, data }) => {
    const octets = Buffer.from(data, 'latin1')
    if (type === TYPE.SOA) octets.fill(0, octets.length - 20, octets.length - 16)
    if (type === TYPE.RRSIG) octets.fill(0, 8, 16)
    const told = type === TYPE.RRSIG ? octets.subarray(0, data.lastIndexOf('\x07example\x03org\0', 60) + 13) : octets
    records.push(
      `${toText(owner)} ${ttl} ${typeName(type)} ${Buffer.from(told.toString('latin1').toLowerCase(), 'latin1').toString('hex')}`,
    )
    return true
  })
  return records.sort()
}

/** What both make of a zone. */
async function sign(db: string, keys: readonly TestKey[]): Promise<[their: string[], our: string[]]> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'sign-'))
  await writeFiles(folder.path, Object.assign({ db }, ...keys.map(({ files }) => files)))
  const paths = ['their', 'our'].map(name => join(folder.path, name, 'db.example.org.signed')) as [string, string]
  for (const path of paths) await mkdir(join(path, '..'))
  const lines = (name: string) =>
    `root ${folder.path}\nsign db example.org {\n key file ${keys.map(({ base }) => base).join(' ')}\n directory ${name}\n}\nwhoami`
  await using _ = await CoreDns.start(`. {\n${lines('their')}\n}\n`)
  await using __ = await startInProcess(lines('our'))
  for (const path of paths) await until(async () => (await readFile(path).catch(() => '')).length > 0)
  return [await recordsOf(paths[0]), await recordsOf(paths[1])]
}

suite('CoreDNS signs the same', { skip: noCoreDns() ?? false }, () => {
  for (const [title, keys] of [
    ['one key', [testKey('example.org.')]],
    ['two keys of other zones', [testKey('example.net.', 15), testKey('.', 8)]],
  ] as const)
    test(`with ${title}`, async () => {
      const [their, our] = await sign(ALIKE, keys)
      assert.deepEqual(our, their)
      assert.ok(our.length > 250)
    })

  test('but for what is not to be signed, and for times', async () => {
    const [their, our] = await sign(OTHER, [testKey('example.org.')])
    const of = (records: readonly string[], pattern: RegExp) => records.filter(record => pattern.test(record)).length
    for (const [pattern, there, here] of [
      // It keeps what there was, and adds another.
      [/^example\.org\. \d+ NSEC /, 2, 1],
      [/^example\.org\. 600 RRSIG 0002/, 1, 0],
      [/^example\.org\. 300 RRSIG 0002/, 0, 1],
      [/^unsafe\.example\.org\. 300 RRSIG 0001/, 1, 0],
      [/^below\.dname\.example\.org\. \d+ NSEC /, 1, 0],
      [/^www\.example\.org\. 900 NSEC /, 1, 0],
      [/^www\.example\.org\. 600 NSEC /, 0, 1],
    ] as const)
      assert.deepEqual([of(their, pattern), of(our, pattern)], [there, here], `${pattern}`)
  })
})
