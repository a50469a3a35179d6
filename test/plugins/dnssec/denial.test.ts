import assert from 'node:assert/strict'
import { test } from 'node:test'
import { denialOf, referralOf } from '#plugins/dnssec/denial.ts'
import { TYPE } from '#src/dns/codes.ts'
import { endOfKey, isUnder, keyOf, labelsOf, toKey, toText } from '#src/dns/name.ts'

const ZONE = toKey('example.org')
const next = (data: string) => data.slice(0, endOfKey(data, 0))
const denied = (name: string) => next(denialOf(name, TYPE.A, ZONE))

/** RFC 4034 §6.1. */
function compare(a: string, b: string): number {
  const [ours, theirs] = [labelsOf(a).reverse(), labelsOf(b).reverse()]
  for (let i = 0; i < Math.min(ours.length, theirs.length); i++) {
    const order = Buffer.compare(Buffer.from(ours[i]!, 'latin1'), Buffer.from(theirs[i]!, 'latin1'))
    if (order !== 0) return order
  }
  return ours.length - theirs.length
}

test('the next name is the first that could stand below', () => {
  for (const name of ['a.example.org.', 'example.org.', '*.example.org.', 'x\\.y.example.org.', '.'])
    assert.equal(toText(denied(toKey(name))), `\\000.${toText(toKey(name))}`.replace(/\.\.$/, '.'))
})

test('behind a referral it is the first that does not stand below', () => {
  for (const [
    name,
    behind,
  ] of [['sub.example.org.', 'sub\\000.example.org.'], ['a.b.example.org.', 'a\\000.b.example.org.'], [`${'s'.repeat(63)}.example.org.`, `${'s'.repeat(62)}t.example.org.`]] as const) // biome-ignore format: a table
    assert.equal(toText(next(referralOf(toKey(name), ZONE))), behind)
})

test('names that have no room below lead to one that is a name, in the zone, and behind them', () => {
  const [full, most] = ['\xff'.repeat(63), 'x'.repeat(63)]
  const long = (label: string, ...more: readonly string[]) => keyOf([label, ...more], ZONE)
  const names = [241 - 192, 240 - 192].flatMap(length => [
    long('a'.repeat(length), most, most, most),
    long('@'.repeat(length), most, most, most),
    long('\xff'.repeat(length), most, most, most),
    long('\xff'.repeat(length), full, most, most),
    long(`a${'\xff'.repeat(length - 1)}`, full, full, full),
    long(full, '\xff'.repeat(length), full, full),
  ])
  for (const name of [...names, ...names.map(name => name.slice(1 + name.charCodeAt(0)))]) {
    const found = denied(name)
    assert.ok(found.length <= 255 && labelsOf(found).every(label => label.length <= 63), toText(found))
    assert.ok(isUnder(found, ZONE) && !/[A-Z]/.test(found), toText(found))
    assert.ok(compare(name, found) < 0, `${toText(name)} is not before ${toText(found)}`)
    if (name.length <= 253) assert.equal(found, `\x01\0${name}`)
  }
  assert.equal(next(referralOf(keyOf([full], ZONE), ZONE)), ZONE)
})
