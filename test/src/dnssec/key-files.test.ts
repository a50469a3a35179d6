import assert from 'node:assert/strict'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { toKey } from '#src/dns/name.ts'
import { readKeyFiles } from '#src/dnssec/key-files.ts'
import type { ZoneKey } from '#src/dnssec/zone-key.ts'
import { testKey } from '#test/support/dnssec.ts'
import { writeFiles } from '#test/support/in-process.ts'

/** The key of two files with these texts. */
async function read(publicText: string, privateText: string): Promise<ZoneKey> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'keys-'))
  await writeFiles(folder.path, { 'K.key': publicText, 'K.private': privateText })
  return readKeyFiles(join(folder.path, 'K'))
}

const textsOf = (...made: Parameters<typeof testKey>) => Object.values(testKey(...made).files) as [string, string]

test('what BIND writes is read', async () => {
  for (const algorithm of [5, 7, 8, 10, 13, 14, 15] as const) {
    const key = testKey('Example.org.', algorithm, 256)
    const [publicText, privateText] = Object.values(key.files) as [string, string]
    const { dnskey } = await read(publicText, privateText)
    assert.deepEqual([dnskey.owner, dnskey.ttl, dnskey.tag, dnskey.algorithmNumber, dnskey.isEntryPoint], [toKey('example.org'), 3600, key.tag, algorithm, false]) // biome-ignore format: one line
    const withTimes = privateText.replace('v1.3', 'v1.2').replace('Algorithm', 'ALGORITHM').replace(/\n/g, '\r\n')
    assert.equal(
      (await read(publicText.replace(' IN ', ' 60 IN '), `; a comment\n\n${withTimes}Publish: 20260101000000`)).dnskey.ttl,
      60,
    )
  }
})

test('the tag is that of RFC 6605 §6.1', async () => {
  const publicText =
    'example.net. 3600 IN DNSKEY 257 3 13 ( GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edb\n krSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA== )\n'
  const privateText =
    'Private-key-format: v1.2\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: GU6SnQ/Ou+xC5RumuIUIuJZteXT2z0O/ok1s38Et6mQ=\n'
  assert.equal((await read(publicText, privateText)).dnskey.tag, 55_648)
})

test('a private key may be written without the zeros that it begins with', async () => {
  // The public key of 1 is the point that the curve begins with.
  const point =
    '6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5'
  const publicText = `. IN DNSKEY 256 3 13 ${Buffer.from(point, 'hex').toString('base64')}\n`
  const { dnskey } = await read(publicText, 'Private-key-format: v1.3\nAlgorithm: 13\nPrivateKey: AQ==\n')
  assert.equal(dnskey.isEntryPoint, false)
})

test('mistakes are named with file and line, and no secret is', async () => {
  const [publicText, privateText] = textsOf('example.org.')
  const [, otherText] = textsOf('example.org.')
  const [, rsaText] = textsOf('example.org.', 8)
  const secret = /PrivateKey: (.*)/.exec(privateText)![1]!
  const cases: readonly (readonly [publicText: string, privateText: string, told: RegExp])[] = [
    ['', privateText, /K\.key:1: no DNSKEY record/],
    ['; nothing\n\nexample.org. IN A 192.0.2.1\n', privateText, /K\.key:3: the record is a A, and no DNSKEY/],
    ['example.org. IN DNSKEY 257 3\n', privateText, /K\.key:1: ALGORITHM is missing/],
    [publicText.replace(' 257 ', ' 1 '), privateText, /K\.key:2: no key of a zone: its flags are 256 or 257/],
    [publicText.replace(' 3 13 ', ' 2 13 '), privateText, /K\.key:2: protocol must be 3: 2/],
    [publicText.replace(' 3 13 ', ' 3 3 '), privateText, /K\.key:2: nothing is signed with algorithm 3/],
    [publicText.replace(' 3 13 ', ' 3 14 '), privateText, /K\.key:2: a public key of P-384 has 96 octets, this one 64/],
    [publicText, '', /K\.private:1: Private-key-format is missing/],
    [publicText, privateText.replace('v1.3', 'v2.0'), /K\.private:1: Private-key-format must be v1\.2 or v1\.3: 'v2\.0'/],
    [
      publicText,
      privateText.replace(': 13', ': 15'),
      /K\.private:2: Algorithm must be 13, that of the public key: '15 \(SOME\)'/,
    ],
    [publicText, rsaText, /K\.private:2: Algorithm must be 13/],
    [publicText, privateText.replace('PrivateKey', 'Private'), /K\.private:\d: PrivateKey is missing/],
    [publicText, privateText.replace(secret, `${secret}!`), /K\.private:3: PrivateKey must be base64$/],
    [publicText, privateText.replace(secret, ''), /K\.private:3: PrivateKey must be base64$/],
    [publicText, privateText.replace(secret, `AAAA${secret}`), /K\.private:3: PrivateKey must have 32 octets: 35/],
    [publicText, privateText.replace(secret, 'AAAA'), /K\.private:3: /],
    [publicText, otherText, /K\.private:3: /],
    [publicText, privateText.replace('PrivateKey: ', ''), /K\.private:3: a line must be 'NAME: VALUE'/],
  ]
  for (const [one, other, told] of cases)
    await assert.rejects(read(one, other), (error: Error) => {
      assert.match(error.message, told)
      assert.ok(!error.message.includes(secret.slice(0, 20)))
      return true
    })
  for (const algorithm of [8, 13, 14, 15] as const)
    await assert.rejects(
      read(textsOf('a.', algorithm)[0], textsOf('a.', algorithm)[1]),
      /K\.private:\d+: no private key of that public key/,
    )
})
