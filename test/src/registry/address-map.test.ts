import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressMap } from '#src/registry/address-map.ts'

const octets = (...values: number[]) => String.fromCharCode(...values)

test('addresses of both families have the values that they were given, each once', () => {
  const map = new AddressMap<{ name: string }>()
  const [a, b] = [{ name: 'a' }, { name: 'b' }]
  const [high, low] = [octets(255, 1, 2, 3), octets(127, 1, 2, 3)]
  const long = octets(...Array<number>(12).fill(0), 255, 1, 2, 3)
  for (const address of [high, low, long]) assert.deepEqual(map.of(address), [])
  map.add(high, a)
  map.add(high, b)
  map.add(high, a)
  map.add(long, b)
  assert.deepEqual([map.of(high), map.of(low), map.of(long)], [[a, b], [], [b]])
  map.delete(high, a)
  map.delete(high, a)
  assert.deepEqual(map.of(high), [b])
  map.delete(high, b)
  map.delete(long, b)
  assert.deepEqual([map.of(high), map.of(long)], [[], []])
})
