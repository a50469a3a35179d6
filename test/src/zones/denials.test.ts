import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toKey } from '#src/dns/name.ts'
import { Denials } from '#src/zones/denials.ts'
import { Node } from '#src/zones/node.ts'

/** RFC 4034 §6.1, and labels that begin with the octets that mark ends. */
const ORDERED = ['example', '\\000.example', '\\000\\000.example', '\\000\\001.example', '\\001.example', '\\002.example', 'a.example', 'yljkjljk.a.example', 'Z.a.example', 'zABC.a.EXAMPLE', 'z.example', '\\001.z.example', '*.z.example', '\\200.z.example'] // biome-ignore format: a table

test('names are in the order of RFC 4034, however they came', () => {
  for (const names of [ORDERED, ORDERED.toReversed(), ORDERED.toSorted()]) {
    const denials = new Denials()
    for (const name of names) denials.add(new Node(toKey(name), undefined))
    denials.sort()
    for (const [i, name] of ORDERED.entries()) {
      assert.equal(denials.before(toKey(name))?.key, toKey(name))
      const between = `\\000.${name}`
      if (!ORDERED.includes(between)) assert.equal(denials.before(toKey(between))?.key, toKey(ORDERED[i]!), between)
    }
  }
})

test('before the first name there is none', () => {
  const denials = new Denials()
  assert.equal(denials.before(toKey('example')), undefined)
  denials.add(new Node(toKey('b.example'), undefined))
  assert.equal(denials.before(toKey('a.example')), undefined)
})
