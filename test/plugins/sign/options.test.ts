import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sign } from '#plugins/sign/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { testKey } from '#test/support/dnssec.ts'
import { startInFolder, writeFiles } from '#test/support/in-process.ts'

test('each use has a file, zones, keys, and a folder', () => {
  assert.deepEqual(sign.parse(directiveOf('sign db {\n key file a b\n}\nsign db org net {\n key directory k\n key file c\n directory d\n}')), [
    { source: 'db', zones: ['example.org.'], keys: [{ kind: 'file', path: 'a' }, { kind: 'file', path: 'b' }], directory: '/var/lib/coredns' },
    { source: 'db', zones: ['org.', 'net.'], keys: [{ kind: 'directory', path: 'k' }, { kind: 'file', path: 'c' }], directory: 'd' },
  ]) // biome-ignore format: a table
})

test('mistakes are named', () => {
  for (const [lines, message] of [
    ['sign', /expected DBFILE/],
    ['sign db', /no key to sign with/],
    ['sign db {\n directory d\n}', /no key to sign with/],
    ['sign db {\n key\n}', /expected SOURCE/],
    ['sign db {\n key file\n}', /expected KEY/],
    ['sign db {\n key directory\n}', /expected DIR/],
    ['sign db {\n key aws a\n}', /SOURCE must be one of file, directory: 'aws'/],
    ['sign db {\n key file a\n directory\n}', /expected DIR/],
    ['sign db {\n key file a\n directory b c\n}', /expected no more arguments/],
    ['sign db {\n keys file a\n}', /unknown property 'keys'/],
    ['sign db {\n key file a\n}\nsign other {\n key file a\n}', /zone example\.org\. is signed into \/var\/lib\/coredns already/],
  ] as const)
    refuses(sign, lines, message)
})

test('keys are those that sign keys, and in a folder those of the zone', async () => {
  const key = testKey('example.org.', 13, 256)
  const start = async (source: string) => {
    await using _ = await startInFolder(
      folder => writeFiles(folder, key.files),
      `sign db example.net {\n key ${source}\n directory .\n}`,
    )
  }
  await assert.rejects(
    start(`file ${key.base}`),
    /plugin\/sign: .*:\d+ - DNSKEY in ".*" is not a CSK\/KSK: its flags are 256, and not 257/,
  )
  await assert.rejects(start('file nothing'), /plugin\/sign: .*:\d+ - ENOENT.*nothing\.key/)
  await assert.rejects(
    start('directory .'),
    /plugin\/sign: .* has no key of example\.net\.: no file Kexample\.net\.\+ALGORITHM\+TAG\.key/,
  )
  await assert.rejects(start('directory nowhere'), /plugin\/sign: .*:\d+ - ENOENT/)
})
