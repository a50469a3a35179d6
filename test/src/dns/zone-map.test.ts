import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toKey } from '#src/dns/name.ts'
import { ZoneMap, ZoneSet } from '#src/dns/zone-map.ts'

const zones = ['sub.example.org', 'example.org', 'a.b.sub.example.org', '__proto__', 'x\\.example.org']
/** Zones that hold no name of this test. A map is looked through in another way when it is large. */
const others = Array.from({ length: 100 }, (_, i) => `zone-${i}.example.net`)
const maps = {
  'a few zones': new ZoneMap(zones.map(zone => [toKey(zone), zone])),
  'many zones': new ZoneMap([...others, ...zones].map(zone => [toKey(zone), zone])),
}

const found: readonly (readonly [name: string, asked: string, zone: string | undefined])[] = [
  ['the zone itself', 'example.org', 'example.org'],
  ['a name below', 'www.example.org', 'example.org'],
  ['the longest of several', 'www.sub.example.org', 'sub.example.org'],
  ['a name between two zones', 'b.sub.example.org', 'sub.example.org'],
  ['a name far below', '1.2.3.4.a.b.sub.example.org', 'a.b.sub.example.org'],
  ['a name that ends alike', 'wwwexample.org', undefined],
  ['a label that holds a zone as its octets', 'x\\007example.org', undefined],
  ['a label with a dot', 'x\\.example.org', 'x\\.example.org'],
  ['the parent of a zone', 'org', undefined],
  ['the root', '.', undefined],
  ['a zone called __proto__', 'a.__proto__', '__proto__'],
  ['names of Object.prototype that are no zones', 'constructor', undefined],
]

for (const [size, map] of Object.entries(maps)) {
  for (const [name, asked, zone] of found) {
    test(`longest of ${size}: ${name}`, () => assert.equal(map.find(toKey(asked)), zone))
  }
}

test('the root zone holds what no other does', () => {
  for (const more of [[], others]) {
    const all = new ZoneMap(more.map(zone => [toKey(zone), zone]))
    all.set(toKey('.'), 'root')
    all.set(toKey('org'), 'org')
    assert.equal(all.find(toKey('.')), 'root')
    assert.equal(all.find(toKey('example.net')), 'root')
    assert.equal(all.find(toKey('example.org')), 'org')
    assert.equal(all.get(toKey('example.org')), undefined)
    assert.deepEqual([...all.values()], [...more, 'root', 'org'])
    assert.equal(all.size, more.length + 2)
  }
})

test('values may be anything but undefined', () => {
  const map = new ZoneMap([[toKey('example.org'), 0]])
  assert.equal(map.find(toKey('www.example.org')), 0)
})

test('a set of zones gives the longest, as key', () => {
  const set = new ZoneSet(['Example.ORG.', 'sub.example.org'])
  assert.equal(set.find(toKey('www.example.org')), toKey('example.org'))
  assert.equal(set.find(toKey('www.sub.example.org')), toKey('sub.example.org'))
  assert.equal(set.has(toKey('example.org')), true)
  assert.equal(set.has(toKey('example.net')), false)
  assert.equal(new ZoneSet([]).has(toKey('.')), false)
})
