import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MultiMap } from '#src/registry/multi-map.ts'

test('a key has the values that were added, each once, until they are deleted', () => {
  const map = new MultiMap<string, { name: string }>()
  const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]
  assert.deepEqual([map.of('x'), map.has('x')], [[], false])
  map.delete('x', a)
  for (const value of [a, a, b, b, c, a]) map.add('x', value)
  map.add('y', b)
  assert.deepEqual([map.of('x'), map.of('y')], [[a, b, c], [b]])
  map.delete('x', b)
  map.delete('x', b)
  assert.deepEqual(map.of('x'), [a, c])
  map.delete('x', a)
  assert.deepEqual([map.of('x'), map.has('x')], [[c], true])
  map.delete('x', c)
  assert.deepEqual([map.of('x'), map.of('y')], [[], [b]])
})

test('many values of one key are as few are', () => {
  const map = new MultiMap<string, { name: string }>()
  const values = Array.from({ length: 100 }, (_, i) => ({ name: `${i}` }))
  for (const value of [...values, ...values]) map.add('x', value)
  assert.deepEqual(map.of('x'), values)
  for (const [i, value] of values.entries()) {
    map.delete('x', value)
    assert.deepEqual(map.of('x'), values.slice(i + 1))
  }
  assert.equal(map.has('x'), false)
})
