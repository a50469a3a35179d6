import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Turns } from '#src/transport/turns.ts'

test('who brings one work waits for no more than a few of who brings thousands', async () => {
  const turns = new Turns()
  const [many, few] = [{}, {}]
  const begun: string[] = []
  for (let i = 0; i < 1000; i++) turns.begin(many, () => begun.push(`many ${i}`))
  const atOnce = begun.length
  turns.begin(few, () => begun.push('few'))
  assert.ok(atOnce > 0 && atOnce < 100, `${atOnce} at once`)
  await nextTurn()
  assert.deepEqual(begun.slice(atOnce, atOnce + 3), [`many ${atOnce}`, 'few', `many ${atOnce + 1}`])
  let turnsTaken = 1
  for (let before = 0; begun.length < 1001; turnsTaken++) {
    assert.ok(begun.length - before < 100)
    before = begun.length
    await nextTurn()
  }
  assert.ok(turnsTaken > 10)
  assert.deepEqual(
    begun.filter(work => work !== 'few'),
    Array.from({ length: 1000 }, (_, i) => `many ${i}`),
  )
})

test('a work that nothing stands before is begun at once', async () => {
  const turns = new Turns()
  for (let i = 0; i < 3; i++) {
    let isBegun = false
    turns.begin({}, () => {
      isBegun = true
    })
    assert.ok(isBegun)
    await nextTurn()
  }
})
