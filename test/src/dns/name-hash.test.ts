import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parentOf, ROOT, toKey } from '#src/dns/name.ts'
import { hashAbove, hashOf } from '#src/dns/name-hash.ts'

test('the number of a name leads to those of all names above it', () => {
  for (const text of ['.', 'org', 'web.example.org', `${'a'.repeat(63)}.b`, Array(127).fill('a').join('.'), '\\255\\000.org']) {
    let key = toKey(text)
    let hash = hashOf(key)
    for (let at = 0; key !== ROOT; key = parentOf(key)) {
      hash = hashAbove(hash, toKey(text), at)
      at += 1 + key.charCodeAt(0)
      assert.equal(hash, hashOf(parentOf(key)), text)
    }
    assert.equal(hash, 0)
  }
})

test('names have numbers of their own', () => {
  const names = Array.from({ length: 10_000 }, (_, i) => hashOf(toKey(`service-${i}.team-${i % 10}.svc.cluster.local`)))
  // By the birthday problem, less than one pair of 10,000 is to be expected to meet in 2³². Of 80,000 choices of what nobody outside knows, 12 left
  // fewer than 9,990, and none fewer than 9,136.
  assert.ok(new Set(names).size > 8500)
})
