import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toKey } from '#src/dns/name.ts'
import { hashOf } from '#src/dns/name-hash.ts'
import { NameMap } from '#src/dns/name-map.ts'

const thing = (text: string, value = 0) => ({ key: toKey(text), value })

test('what is put in, replaced and taken out again is found as in a Map', () => {
  const [map, model] = [new NameMap<ReturnType<typeof thing>>(), new Map<string, number>()]
  // Wanders up and down: grows over several sizes, and leaves gaps everywhere.
  for (let step = 0; step < 20_000; step++) {
    const name = thing(`name-${(step * 7919) % 997}.example.org`, step)
    if (step % 3 > 0 === step % 5000 < 3000) {
      map.set(name)
      model.set(name.key, step)
    } else {
      map.delete(name.key)
      model.delete(name.key)
    }
    assert.equal(map.size, model.size)
    if (step % 500 > 0) continue
    for (let i = 0; i < 997; i++) {
      const key = toKey(`name-${i}.example.org`)
      assert.equal(map.get(key)?.value, model.get(key))
    }
    assert.deepEqual(new Map(Array.from(map, ({ key, value }) => [key, value])), model)
  }
})

/** Two names with the same hash; among so many there are some, whatever the secret is. */
function twins(): [string, string] {
  const seen = new Map<number, string>()
  for (let i = 0; ; i++) {
    const text = `name-${i}.example.org.`
    const twin = seen.get(hashOf(toKey(text)))
    if (twin !== undefined) return [twin, text]
    seen.set(hashOf(toKey(text)), text)
  }
}

test('names with one hash are told apart, and each can go', () => {
  const [one, other] = twins()
  for (const [gone, left] of [
    [one, other],
    [other, one],
  ] as const) {
    const map = new NameMap<ReturnType<typeof thing>>()
    map.set(thing(one, 1))
    assert.equal(map.get(toKey(other)), undefined)
    map.set(thing(other, 2))
    assert.deepEqual([map.get(toKey(one))?.value, map.get(toKey(other))?.value], [1, 2])
    map.delete(toKey(gone))
    assert.deepEqual([map.size, map.get(toKey(gone)), map.get(toKey(left))?.key], [1, undefined, toKey(left)])
  }
})

test('a name is found where it begins inside another one', () => {
  const map = new NameMap<ReturnType<typeof thing>>()
  map.set(thing('example.org'))
  const key = toKey('web.example.org')
  assert.equal(map.get(key, hashOf(toKey('example.org')), 4)?.key, toKey('example.org'))
  assert.equal(map.get(key, hashOf(toKey('org')), 12), undefined)
  assert.equal(map.get(toKey('web.example.com'), hashOf(toKey('example.org')), 4), undefined)
})

test('nothing is left of what was cleared', () => {
  const map = new NameMap()
  for (let i = 0; i < 100; i++) map.set(thing(`name-${i}.`))
  map.clear()
  assert.deepEqual([map.size, [...map], map.get(toKey('name-1.'))], [0, [], undefined])
  map.set(thing('name-1.'))
  assert.equal(map.size, 1)
})
