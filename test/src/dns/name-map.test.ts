import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toKey } from '#src/dns/name.ts'
import { hashOf } from '#src/dns/name-hash.ts'
import { NameMap } from '#src/dns/name-map.ts'
import { twins } from '#test/support/twins.ts'

test('what is put in, replaced and taken out again is found as in a Map', () => {
  const [map, model] = [new NameMap<number>(), new Map<string, number>()]
  // Wanders up and down: grows over several sizes, and leaves gaps everywhere.
  for (let step = 0; step < 20_000; step++) {
    const key = toKey(`name-${(step * 7919) % 997}.example.org`)
    if (step % 3 > 0 === step % 5000 < 3000) {
      map.set(key, step)
      model.set(key, step)
    } else {
      map.delete(key)
      model.delete(key)
    }
    assert.equal(map.size, model.size)
    if (step % 500 > 0) continue
    for (let i = 0; i < 997; i++) {
      const key = toKey(`name-${i}.example.org`)
      assert.equal(map.get(key), model.get(key))
      assert.equal(map.keyOf(key), model.has(key) ? key : undefined)
    }
    assert.deepEqual(new Map(map.keys().map((key, i) => [key, map.values()[i]])), model)
  }
})

test('names with one hash are told apart, and each can go', () => {
  const [one, other] = twins()
  for (const [gone, left] of [
    [one, other],
    [other, one],
  ] as const) {
    const map = new NameMap<number>()
    map.set(toKey(one), 1)
    assert.equal(map.get(toKey(other)), undefined)
    map.set(toKey(other), 2)
    assert.deepEqual([map.get(toKey(one)), map.get(toKey(other))], [1, 2])
    map.delete(toKey(gone))
    assert.deepEqual([map.size, map.get(toKey(gone)), map.get(toKey(left))], [1, undefined, left === one ? 1 : 2])
  }
})

test('a name is found where it begins inside another one', () => {
  const map = new NameMap<number>()
  map.set(toKey('example.org'), 1)
  const key = toKey('web.example.org')
  assert.equal(map.get(key, hashOf(toKey('example.org')), 4), 1)
  assert.equal(map.get(key, hashOf(toKey('org')), 12), undefined)
  assert.equal(map.get(toKey('web.example.com'), hashOf(toKey('example.org')), 4), undefined)
})
