import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dnssec } from '#plugins/dnssec/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { testKey } from '#test/support/dnssec.ts'
import { startInFolder, writeFiles } from '#test/support/in-process.ts'

const parse = (lines: string) =>
  dnssec.parse(directiveOf(lines)) as { zones: readonly string[]; files: readonly string[]; capacity: number }

test('zones, keys and capacity', () => {
  assert.deepEqual(parse('dnssec {\n key file a b\n}'), { zones: ['example.org.'], files: ['a', 'b'], capacity: 10_000 })
  assert.deepEqual(parse('dnssec 192.0.2.0/24 org {\n key file a\n key file b\n cache_capacity 2000\n}'), {
    zones: ['2.0.192.in-addr.arpa.', 'org.'],
    files: ['a', 'b'],
    capacity: 2000,
  })
  assert.equal(parse('dnssec {\n cache_capacity 1\n}').capacity, 1024)
})

test('mistakes are named', () => {
  for (const [lines, message] of [
    ['dnssec {\n key\n}', /expected SOURCE/],
    ['dnssec {\n key file\n}', /expected KEY/],
    ['dnssec {\n key flie a\n}', /SOURCE must be one of file: 'flie' .*did you mean 'file'/],
    ['dnssec {\n key aws_secretsmanager a\n}', /aws_secretsmanager is not supported: keys are read from files/],
    ['dnssec {\n cache_capacity\n}', /expected CAPACITY/],
    ['dnssec {\n cache_capacity many\n}', /CAPACITY must be a whole number/],
    ['dnssec {\n keys file a\n}', /unknown property 'keys' .*did you mean 'key'/],
    ['dnssec\ndnssec', /can only be used once/],
  ] as const)
    refuses(dnssec, lines, message)
})

test('without a key nothing is signed, which is told', () => {
  const directive = directiveOf('dnssec example.org')
  dnssec.parse(directive)
  assert.match(directive.warnings.join(), /Corefile:2 - .*without a key, nothing is signed/)
})

test('keys are those of a zone above, or of the zone', async () => {
  const key = testKey('www.example.org.')
  const start = async (zones: string, file: string) => {
    await using _ = await startInFolder(folder => writeFiles(folder, key.files), `dnssec ${zones} {\n key file ${file}\n}`)
  }
  for (const file of [key.base, `${key.base}.key`, `${key.base}.private`]) await start('x.www.example.org example.com', file)
  await assert.rejects(
    start('example.org', key.base),
    new RegExp(`plugin/dnssec: .*:\\d+ - key www\\.example\\.org\\. \\(keyid: ${key.tag}\\) can not sign any of the zones`),
  )
  await assert.rejects(start('www.example.org', 'nothing'), /plugin\/dnssec: Corefile:\d+ - ENOENT.*nothing\.key/)
})
