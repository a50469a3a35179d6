import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mean, median, quantile, spread } from '../../bench/statistics.ts'

test('the median is the middle value, whatever the order', () => {
  assert.equal(median([30, 4, 100]), 30)
})

test('the median of an even number of values lies between the middle two', () => {
  assert.equal(median([1, 100, 4, 2]), 3)
})

test('a quantile is the value of its rank', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  assert.deepEqual(
    [0, 0.5, 0.99, 1].map(q => quantile(hundred, q)),
    [1, 50, 99, 100],
  )
})

test('values are compared as numbers, not as text', () => {
  assert.equal(quantile([9, 10, 8], 1), 10)
})

test('the spread is the distance of the extremes as a share of the median', () => {
  assert.equal(spread([90, 100, 120]), 0.3)
})

test('the mean is the sum over the number', () => {
  assert.equal(mean([1, 2, 6]), 3)
})

test('of nothing, all are NaN', () => {
  for (const statistic of [median, mean, spread, (values: number[]) => quantile(values, 0.99)])
    assert.equal(statistic([]), Number.NaN)
})

test('the values given are left in their order', () => {
  const values = [3, 1, 2]
  median(values)
  quantile(values, 1)
  assert.deepEqual(values, [3, 1, 2])
})
