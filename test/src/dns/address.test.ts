import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAddresses, octetsOfReverse, reverseKey, toAddress, toOctets } from '#src/dns/address.ts'
import { toKey, toText } from '#src/dns/name.ts'

const addresses: readonly (readonly [text: string, canonical: string])[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8::1', '2001:db8::1'],
  ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['fe80::1', 'fe80::1'],
]

for (const [text, canonical] of addresses) {
  test(`address ${text}`, () => {
    const octets = toOctets(text)
    assert.ok(octets)
    assert.equal(octets.length, text.includes(':') ? 16 : 4)
    assert.equal(toAddress(octets), canonical)
    assert.deepEqual(toOctets(canonical), octets)
  })
}

for (const text of [
  '',
  'example.org',
  '192.0.2',
  '192.0.2.256',
  '192.0.2.01',
  '1::2::3',
  '12345::',
  'fe80::1%eth0',
  '[::1]',
  '1.2.3.4:53',
]) {
  test(`no address: '${text}'`, () => assert.equal(toOctets(text), undefined))
}

test('addresses are written as the URL standard writes them', () => {
  for (let i = 0; i < 2000; i++) {
    // Groups of zeros, which shorten, come often.
    const octets = Uint8Array.from({ length: 16 }, (_, at) => ((i >> (at >> 1)) & 1 ? (i * 31 + at * 7) & 255 : 0))
    const text = toAddress(octets)
    assert.equal(`[${text}]`, new URL(`http://[${text}]`).hostname)
    assert.deepEqual(toOctets(text), octets)
  }
})

test('reverse names', () => {
  assert.equal(toText(reverseKey(toOctets('192.0.2.1')!)), '1.2.0.192.in-addr.arpa.')
  const nibbles = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2'
  assert.equal(toText(reverseKey(toOctets('2001:db8::1')!)), `${nibbles}.ip6.arpa.`)
})

test('reverse names are read back', () => {
  for (const text of ['192.0.2.1', '0.0.0.0', '255.10.0.200', '2001:db8::1', '::', 'fedc:ba98:7654:3210:123:4567:89ab:cdef']) {
    const octets = toOctets(text)!
    assert.deepEqual(octetsOfReverse(reverseKey(octets)), octets)
  }
})

const ones = '1.'.repeat(31)
for (const name of [
  '.',
  'arpa',
  'in-addr.arpa',
  '2.0.192.in-addr.arpa',
  '5.1.2.0.192.in-addr.arpa',
  '256.2.0.192.in-addr.arpa',
  '01.2.0.192.in-addr.arpa',
  'x.2.0.192.in-addr.arpa',
  '1.2.0.192.in-addr.example',
  '1.2.0.192.ip6.arpa',
  `${ones}ip6.arpa`,
  `${ones}1.1.ip6.arpa`,
  `${ones}g.ip6.arpa`,
  `${ones}11.ip6.arpa`,
  `${ones}\\046.ip6.arpa`,
]) {
  test(`no reverse name of an address: ${name}`, () => assert.equal(octetsOfReverse(toKey(name)), undefined))
}

test('addresses listed for people: ten, and how many more', () => {
  const octets = Array.from({ length: 12 }, (_, i) => `\x0a\0\0${String.fromCharCode(i + 1)}`)
  assert.equal(listAddresses([]), 'none')
  assert.equal(listAddresses(octets.slice(0, 2)), '10.0.0.1 10.0.0.2')
  assert.match(listAddresses(octets.slice(0, 10)), /^10\.0\.0\.1 .* 10\.0\.0\.10$/)
  assert.match(listAddresses(octets), /^10\.0\.0\.1 .* 10\.0\.0\.10 and 2 more$/)
})
