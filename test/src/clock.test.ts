import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SET, sinceEpoch } from '#src/clock.ts'

test('the time is the clock’s, finer than that tells it, and still is when it is set', t => {
  const now = () => sinceEpoch(performance.now())
  const [before, time, after] = [Date.now(), now(), Date.now() + 1]
  assert.ok(before - SET <= time && time <= after + SET)
  assert.ok(Array.from({ length: 10 }, now).some(each => each % 1 !== 0))
  t.mock.timers.enable({ apis: ['Date'], now: before + 3_600_000 })
  // It is looked at once a second.
  const later = sinceEpoch(performance.now() + 1001)
  assert.ok(Math.abs(later - (before + 3_600_000 + 1001)) < 1000, `${later - before}`)
})
