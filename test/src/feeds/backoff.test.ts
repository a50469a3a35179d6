import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backoff } from '#src/feeds/backoff.ts'
import { TIMING } from '#src/feeds/kubernetes/timing.ts'

test('waits are random, below a bound that doubles from 0.8 s to 30 s, and short again after two good minutes', t => {
  let now = 1e6
  t.mock.method(performance, 'now', () => now)
  t.mock.method(Math, 'random', () => 0.5)
  const backoff = new Backoff(TIMING)
  const waits = Array.from({ length: 8 }, () => backoff.wait())
  assert.deepEqual(waits, [400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000])
  now += 119_000
  assert.equal(backoff.wait(), 15_000)
  now += 121_000
  assert.equal(backoff.wait(), 400)
})
