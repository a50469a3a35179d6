import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endOfKey, isUnder, keyOf, labelsOf, lowerCase, parentOf, ROOT, standIn, toKey, toText, toWire } from '#src/dns/name.ts'

const texts: readonly (readonly [name: string, text: string, key: string])[] = [
  ['the root', '.', '\0'],
  ['nothing, which is the root', '', '\0'],
  ['a last dot', 'example.org.', '\x07example\x03org\0'],
  ['no last dot', 'example.org', '\x07example\x03org\0'],
  ['upper case', 'WWW.Example.ORG.', '\x03www\x07example\x03org\0'],
  ['a dot inside a label', 'a\\.b.org.', '\x03a.b\x03org\0'],
  ['a backslash inside a label', 'a\\\\b.org.', '\x03a\\b\x03org\0'],
  ['an octet by its number', '\\000\\046\\255.org.', '\x03\0.\xff\x03org\0'],
  ['an upper-case letter by its number', '\\065.org.', '\x01a\x03org\0'],
  ['an escaped dot at the end', 'org\\.', '\x04org.\0'],
  ['an escaped letter', '\\w\\w.org.', '\x02ww\x03org\0'],
  ['octets over 127, which are UTF-8', 'Ä.org.', '\x02\xc3\x84\x03org\0'],
  ['a label of digits', '127.org.', '\x03127\x03org\0'],
  ['names of Object.prototype', '__proto__.constructor.', '\x09__proto__\x0bconstructor\0'],
  ['blanks, quotes and control characters', 'a b\\"\\009.', '\x05a b"\t\0'],
]

for (const [name, text, key] of texts) {
  test(`text to key: ${name}`, () => assert.equal(toKey(text), key))
}

const refused: readonly (readonly [name: string, text: string, reason: RegExp])[] = [
  ['an empty label in the middle', 'a..b', /empty label/],
  ['an empty label at the beginning', '.a', /empty label/],
  ['two dots', '..', /empty label/],
  ['a label of 64 octets', `${'a'.repeat(64)}.`, /label longer than 63/],
  ['a last label of 64 octets', 'a'.repeat(64), /label longer than 63/],
  ['a label of 64 octets that is 32 characters', 'ä'.repeat(32), /label longer than 63/],
  ['a name of 256 octets', `${'a'.repeat(63)}.`.repeat(3) + 'a'.repeat(62), /longer than 255/],
  ['an octet of 256', '\\256', /no octet/],
  ['a backslash at the end', 'a\\', /ends in a backslash/],
]

for (const [name, text, reason] of refused) {
  test(`text that is no name: ${name}`, () => assert.throws(() => toKey(text), reason))
}

test('the longest label and the longest name are taken', () => {
  assert.equal(toKey('a'.repeat(63)).length, 65)
  const name = `${'a'.repeat(63)}.`.repeat(3) + 'a'.repeat(61)
  assert.equal(toKey(name).length, 255)
  assert.equal(toKey(`${name}.`).length, 255)
})

const keys: readonly (readonly [name: string, key: string, text: string])[] = [
  ['the root', '\0', '.'],
  ['plain labels', '\x03www\x07example\x03org\0', 'www.example.org.'],
  ['what has a meaning in zone files', '\x08"().;\\@$\0', '\\"\\(\\)\\.\\;\\\\\\@\\$.'],
  ['what would break a line of the log', '\x04a\n\x1b\x7f\0', 'a\\010\\027\\127.'],
  ['a blank', '\x03a b\0', 'a\\032b.'],
  ['octets over 127', '\x02\xc3\x84\0', '\\195\\132.'],
  ['a zero octet, which is not the root', '\x01\0\x03org\0', '\\000.org.'],
  ['an octet that looks like a length', '\x02\x07x\x03org\0', '\\007x.org.'],
  ['an asterisk and an underscore, which have none', '\x01*\x05_http\x03org\0', '*._http.org.'],
]

for (const [name, key, text] of keys) {
  test(`key to text: ${name}`, () => {
    assert.equal(toText(key), text)
    assert.equal(toKey(text), key)
  })
}

test('every octet survives the way to text and back', () => {
  for (let octet = 0; octet < 256; octet++) {
    const key = lowerCase(`\x03a${String.fromCharCode(octet)}b\x03org\0`)
    assert.equal(toKey(toText(key)), key, `octet ${octet}`)
    assert.match(toText(key), /^[!-~]+$/, `octet ${octet}`)
  }
})

test('only ASCII letters change their case', () => {
  const octets = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet)).join('')
  const lower = lowerCase(octets)
  for (let octet = 0; octet < 256; octet++) {
    const isUpper = octet >= 65 && octet <= 90
    assert.equal(lower.charCodeAt(octet), isUpper ? octet + 32 : octet)
  }
})

test('labels: taken apart, put together, dropped one by one', () => {
  const key = toKey('a\\.b.\\000.example.org')
  assert.deepEqual(labelsOf(key), ['a.b', '\0', 'example', 'org'])
  assert.deepEqual(labelsOf(ROOT), [])
  assert.equal(keyOf(labelsOf(key)), key)
  assert.equal(keyOf(['a.b', '\0'], toKey('example.org')), key)
  assert.equal(keyOf([]), ROOT)
  assert.equal(parentOf(key), toKey('\\000.example.org'))
  assert.equal(parentOf(toKey('org')), ROOT)
  assert.equal(parentOf(ROOT), ROOT)
})

const pairs: readonly (readonly [name: string, key: string, zone: string, under: boolean])[] = [
  ['the zone itself', 'example.org', 'example.org', true],
  ['a name below', 'a.b.example.org', 'example.org', true],
  ['everything, of the root', 'example.org', '.', true],
  ['the root, of itself', '.', '.', true],
  ['the root, of a zone', '.', 'org', false],
  ['the parent', 'org', 'example.org', false],
  ['a name that ends alike', 'xexample.org', 'example.org', false],
  ['a sibling', 'a.example.net', 'example.org', false],
  ['a label with a dot', 'a\\.example.org', 'example.org', false],
  ['a label that holds the length and the text of the zone’s first', 'x\\007example.org', 'example.org', false],
  ['that, below the zone', 'x\\007example.org.example.org', 'example.org', true],
  ['a label whose end reads as the root', 'a\\000', '\\000', false],
]

for (const [name, key, zone, under] of pairs) {
  test(`under a zone, or not: ${name}`, () => assert.equal(isUnder(toKey(key), toKey(zone)), under))
}

test('the wire form of a name below another keeps its letters', () => {
  const origin = toKey('example.org')
  assert.equal(toWire('Web', origin), '\x03Web\x07example\x03org\0')
  assert.equal(toWire('Web.', origin), '\x03Web\0')
  assert.equal(toWire('.', origin), ROOT)
  assert.equal(toWire('a\\.b\\067', origin), `\x04a.bC${origin}`)
  assert.throws(() => toWire(`${'x'.repeat(63)}.`.repeat(4).slice(0, 245), origin), RangeError)
})

test('the end of a name in octets', () => {
  const name = toKey('a.example.org')
  assert.equal(endOfKey(`xx${name}yy`, 2), 2 + name.length)
  assert.equal(endOfKey(ROOT, 0), 1)
})

test('a name of every length that there is stands in for others', () => {
  const parent = toKey('example.org')
  assert.equal(standIn(parent.length, parent), parent)
  for (let length = parent.length + 2; length <= 255; length++) {
    const name = standIn(length, parent)
    assert.deepEqual([name.length, toKey(toText(name))], [length, name])
    assert.ok(isUnder(name, parent))
  }
})
