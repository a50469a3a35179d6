import assert from 'node:assert/strict'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { tsig } from '#plugins/tsig/index.ts'
import { TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const parse = (lines: string) => tsig.parse(directiveOf(lines))

/** What `read` makes of a file with this text. */
function withFile<A>(text: string, read: (file: string) => A): A {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tsig-'))
  const file = join(folder.path, 'keys.conf')
  writeFileSync(file, text)
  return read(file)
}

const keysOf = (text: string) => Object.fromEntries(withFile(text, file => parse(`tsig {\n secrets ${file}\n}`)).secrets)

test('zones, keys, types and opcodes', () => {
  const { zones, secrets, types, opcodes, everything } = parse(`tsig a.example.org 10.in-addr.arpa {
      secret Key.Example bm8=
      secret other.example. c2VjcmV0
      require AXFR ixfr
      require TXT
      require_opcode NOTIFY UPDATE
    }`)
  assert.deepEqual(zones, ['a.example.org.', '10.in-addr.arpa.'])
  assert.deepEqual(
    [...secrets],
    [
      [toKey('key.example'), Buffer.from('no')],
      [toKey('other.example'), Buffer.from('secret')],
    ],
  )
  assert.deepEqual([[...types], [...opcodes], everything], [[TYPE.AXFR, TYPE.IXFR, TYPE.TXT], [4, 5], false])
  assert.deepEqual(parse('tsig'), { zones: ['example.org.'], secrets: new Map(), types: new Set(), opcodes: new Set(), everything: false }) // biome-ignore format: one line
  assert.equal(parse('tsig {\n require all\n require none\n}').everything, true)
  assert.equal(parse('tsig {\n require none\n require_opcode all\n}').everything, true)
})

suite('a file of keys', () => {
  const no = { [toKey('a.example')]: Buffer.from('no') }
  for (const [name, text, keys] of [
    ['as a tool writes it', 'key "a.example" {\n\talgorithm hmac-sha256;\n\tsecret "bm8=";\n};\n', no],
    ['on one line, without quotes', 'key A.Example. { secret bm8=; };', no],
    ['without ends of statements', 'key a.example{\nsecret "bm8="\nalgorithm "hmac-sha1"\n}', no],
    ['with comments', '# one "\n/* two\n key { */ key a.example { // three\n secret "bm8="; # four\n};', no],
    ['several keys', 'key a.example { secret bm8=; };\nkey . { secret "ab//+c=="; };', { ...no, '\0': Buffer.from('ab//+c==', 'base64') }], // biome-ignore format: one line
    ['none', ' \n', {}],
  ] as const)
    test(name, () => assert.deepEqual(keysOf(text), keys))

  const mistakes: readonly (readonly [name: string, text: string, told: RegExp])[] = [
    ['another statement', 'options {\n};', /^plugin\/tsig: \S+keys\.conf:1 - Error during parsing: unexpected 'options': expected key \(column 1\)$/],
    ['a key without a name', '\n\nkey {', /keys\.conf:3 - .*unexpected '\{': expected the name of a key \(column 5\)/],
    ['a key without a block', 'key a.example;\nkey b.example {};', /keys\.conf:2 - .*unexpected 'key': expected \{/],
    ['a key without a secret', 'key a.example {\n algorithm hmac-sha256;\n};', /keys\.conf:1 - .*key "a\.example" has no secret \(column 5\)/],
    ['a secret without octets', 'key a.example {\n secret "";\n};', /keys\.conf:2 - .*unexpected '': expected what the secret is/],
    ['a secret that is not said', 'key a.example {\n secret ;\n};', /keys\.conf:3 - .*unexpected '\}': expected what the secret is/],
    ['a quote that does not end', 'key a.example {\n secret "bm8=;\n};', /keys\.conf:2 - .*the secret of key "a\.example\." is not base64|unexpected 'bm8='/],
    ['another option', 'key a.example {\n\n  secrets "bm8=";\n};', /keys\.conf:3 - .*unexpected 'secrets': expected algorithm or secret or \} \(column 3\)/],
    ['a key that does not end', 'key a.example {\n secret "bm8=";\n', /keys\.conf:2 - .*unexpected '': expected algorithm or secret or \}/],
    ['a name that is none', 'key a..example {\n secret "bm8=";\n};', /keys\.conf:1 - .*"a\.\.example" has an empty label/],
    ['a secret that is no base64', 'key a.example {\n secret "bm8";\n};', /keys\.conf:1 - .*the secret of key "a\.example\." is not base64/],
    ['a key twice', 'key a.example {\n secret "bm8=";\n};\nkey A.example. {\n secret "bm8=";\n};', /keys\.conf:4 - .*key "a\.example\." redefined \(column 5\)/],
  ] // biome-ignore format: a table
  for (const [name, text, told] of mistakes)
    test(name, () => withFile(text, file => refuses(tsig, `tsig {\n secrets ${file}\n}`, told)))

  test('that is not there', () =>
    refuses(
      tsig,
      'tsig {\n secrets /no/such/file\n}',
      /^plugin\/tsig: Corefile:3 - .*cannot read keys: ENOENT: .*\/no\/such\/file/,
    ))

  test('a key that the Corefile has, too', () => {
    withFile('key a.example {\n secret "bm8=";\n};', file => {
      refuses(tsig, `tsig {\n secret a.example bm8=\n secrets ${file}\n}`, /keys\.conf:1 - .*key "a\.example\." redefined/)
      refuses(tsig, `tsig {\n secrets ${file}\n secret a.example bm8=\n}`, /Corefile:4 - .*key "a\.example\." redefined/)
    })
  })
})

suite('what is wrong is told with its place', () => {
  const cases: readonly (readonly [name: string, lines: string, told: RegExp])[] = [
    ['two uses', 'tsig\ntsig', /Corefile:3 - .*this plugin can only be used once per Server Block/],
    ['a zone that is none', 'tsig a..b', /Corefile:2 - .*'a\.\.b' is not a zone/],
    ['no name', 'tsig {\n secret\n}', /Corefile:3 - .*expected NAME/],
    ['no secret', 'tsig {\n secret a.example\n}', /Corefile:3 - .*expected KEY/],
    ['a word too many', 'tsig {\n secret a.example bm8= hmac-sha256\n}', /Corefile:3 - .*expected no more arguments/],
    ['a name that is none', 'tsig {\n secret a..example bm8=\n}', /Corefile:3 - .*NAME must be a domain name/],
    ['no base64', 'tsig {\n secret a.example b_8=\n}', /Corefile:3 - .*the secret of key "a\.example\." is not base64/],
    ['a key twice', 'tsig {\n secret a.example bm8=\n secret A.example. bm8=\n}', /Corefile:4 - .*key "a\.example\." redefined/],
    ['no file', 'tsig {\n secrets\n}', /Corefile:3 - .*expected FILE/],
    ['no type', 'tsig {\n require\n}', /Corefile:3 - .*expected QTYPE/],
    ['a type that there is not', 'tsig {\n require AXFR IXFT\n}', /Corefile:3 - .*no QTYPE: 'IXFT' \(column \d+, did you mean 'IXFR'\?\)/],
    ['all and more', 'tsig {\n require all A\n}', /Corefile:3 - .*expected no more arguments/],
    ['an opcode that there is not', 'tsig {\n require_opcode NOTIFI\n}', /Corefile:3 - .*no OPCODE: 'NOTIFI' \(column \d+, did you mean 'NOTIFY'\?\)/],
    ['something else', 'tsig {\n requires all\n}', /Corefile:3 - .*unknown property 'requires' \(column \d+, did you mean 'require'\?\)/],
  ] // biome-ignore format: a table
  for (const [name, lines, told] of cases) test(name, () => refuses(tsig, lines, told))
})
