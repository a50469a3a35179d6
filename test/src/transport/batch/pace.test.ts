import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from '#src/transport/batch/pace.ts'

/** Notes `count` datagrams every 0.25 ms, for so many milliseconds from `start` on. */
function feed(pace: Pace, count: number, start: number, milliseconds: number): void {
  for (let now = start; now < start + milliseconds; now += 0.25) pace.note(count, now)
}

test('many datagrams in a millisecond are fast, one by one they are not', () => {
  const pace = new Pace()
  feed(pace, 1, 1000, 5)
  assert.equal(pace.isFast, false)
  feed(pace, 20, 1005, 5)
  assert.equal(pace.isFast, true)
  feed(pace, 1, 1010, 5)
  assert.equal(pace.isFast, false)
})

test('after a rest, a full batch alone is not fast', () => {
  const pace = new Pace()
  feed(pace, 64, 0, 2)
  assert.equal(pace.isFast, true)
  pace.note(64, 1000)
  assert.equal(pace.isFast, false)
})
