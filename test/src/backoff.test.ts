import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backoff } from '#src/backoff.ts'
import { TIMING } from '#src/feeds/kubernetes/timing.ts'

test('waits are random, below a bound that doubles from 0.8 s to 10 s, and short again after what has worked for ten seconds', t => {
  t.mock.method(Math, 'random', () => 0.5)
  const backoff = new Backoff(TIMING)
  const waits = [-1, 0, 9999, -1, -1, -1, 10_000, 0].map(worked => backoff.wait(worked))
  assert.deepEqual(waits, [400, 800, 1600, 3200, 5000, 5000, 400, 800])
})
