import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Moderation } from '#src/transport/batch/moderation.ts'

/** A thread that has this share of its time left, and reads every millisecond; and how often it slept. */
class Thread {
  naps = 0
  #now = 1000
  #idle = 0
  readonly moderation = new Moderation(
    () => this.naps++,
    () => this.#idle,
  )

  run(left: number, milliseconds: number): number {
    const before = this.naps
    for (let i = 0; i < milliseconds; i++) {
      this.#now++
      this.#idle += left
      if (this.moderation.isOn) this.moderation.gather()
      this.moderation.note(this.#now)
    }
    return this.naps - before
  }
}

test('a thread that has time reads at once', () => {
  assert.equal(new Thread().run(0.2, 1000), 0)
})

test('one that has hardly any lets datagrams gather, until it has half of it', () => {
  const thread = new Thread()
  const naps = thread.run(0.1, 1000)
  assert.ok(naps > 970, `${naps}`)
  assert.equal(thread.run(0.4, 100), 100)
  assert.ok(thread.run(0.5, 100) <= 20)
  assert.equal(thread.run(0.2, 100), 0)
})

test('after a rest, however busy it was, datagrams do not wait', () => {
  const thread = new Thread()
  thread.run(0, 1000)
  assert.equal(thread.moderation.isOn, true)
  thread.moderation.note(10_000)
  assert.equal(thread.moderation.isOn, false)
})
