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

test('several addresses of one size are taken in one go', () => {
  const map = new AddressMap<{ name: string }>()
  const [a, b] = [{ name: 'a' }, { name: 'b' }]
  const long = (last: number) => octets(...Array<number>(15).fill(1), last)
  map.add(octets(10, 0, 0, 1, 10, 0, 0, 2), a, 4)
  map.add(long(1) + long(2), b, 16)
  assert.deepEqual([map.of(octets(10, 0, 0, 1)), map.of(octets(10, 0, 0, 2)), map.of(octets(0, 1, 10, 0))], [[a], [a], []])
  assert.deepEqual([map.of(long(1)), map.of(long(2))], [[b], [b]])
  map.delete(octets(10, 0, 0, 2, 10, 0, 0, 1), a, 4)
  map.delete(long(2), b, 16)
  assert.deepEqual(
    [map.of(octets(10, 0, 0, 1)), map.of(octets(10, 0, 0, 2)), map.of(long(1)), map.of(long(2))],
    [[], [], [b], []],
  )
})
