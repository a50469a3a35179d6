import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Moderation, schedulerStatistics } from '#src/transport/batch/moderation.ts'

/** A thread that reads every millisecond; and for how many microseconds it slept, each time. */
class Thread {
  naps: number[] = []
  #now = 1000
  #ran = 0
  #waited = 0
  #process = 0
  readonly moderation = new Moderation(
    microseconds => this.naps.push(microseconds),
    () => ({ ran: this.#ran, waited: this.#waited, process: this.#process }),
  )

  /**
   * @param left of its time @param waited of its time, while others ran @param took milliseconds to answer what was read
   * @param others how much of the processors' time threads of its process take beside it
   */
  run(left: number, milliseconds: number, { waited = 0, took = 0.1, others = 0 } = {}): number[] {
    this.naps = []
    for (let i = 0; i < milliseconds; i++) {
      this.#now++
      this.#ran += 1 - left - waited
      this.#waited += waited
      this.#process += 1 - left - waited + others
      this.moderation.gather()
      this.moderation.note(this.#now - took, this.#now)
    }
    return this.naps
  }
}

test('a thread that has time reads at once', () => {
  assert.equal(new Thread().run(0.2, 1000).length, 0)
})

test('one that has hardly any lets datagrams gather, until it has half of it', () => {
  const thread = new Thread()
  const naps = thread.run(0.1, 900).length
  assert.ok(naps > 850, `${naps}`)
  assert.equal(thread.run(0.4, 100).length, 100)
  assert.ok(thread.run(0.5, 100).length <= 40)
  assert.equal(thread.run(0.2, 100).length, 0)
})

test('they gather for as long as those before took to be answered, and 150 µs at most', () => {
  const thread = new Thread()
  thread.run(0, 100)
  assert.equal(thread.run(0, 100, { took: 0.05 }).at(-1), 50)
  assert.equal(thread.run(0, 100, { took: 3 }).at(-1), 150)
})

test('where others take their turns on the processor, they gather until as many are there, and until half of its share is left', () => {
  const thread = new Thread()
  thread.run(0, 100, { waited: 0.5 })
  assert.equal(thread.run(0.7, 100, { took: 0.05 }).at(-1), 200)
  assert.equal(thread.run(0.7, 100, { took: 3 }).at(-1), 300)
  assert.ok(thread.run(0.8, 100).length <= 40)
  thread.run(0, 100, { waited: 0.9 })
  assert.equal(thread.run(0.7, 100, { took: 0.02 }).at(-1), 320)
  assert.equal(thread.run(0.7, 100, { took: 0.05 }).at(-1), 600)
})

test('one that has time, where its process has hardly any, lets them gather as one that has its part of the processors', () => {
  const thread = new Thread()
  assert.equal(thread.run(0.6, 1000, { others: 0.4 }).length, 0)
  thread.run(0.6, 100, { others: 0.5 })
  assert.equal(thread.run(0.6, 100, { others: 0.5, took: 0.02 }).at(-1), 102)
  assert.equal(thread.run(0.9, 100, { others: 0.5, took: 0.02 }).at(-1), 102)
  assert.ok(thread.run(0.9, 100, { others: 0.3 }).length <= 40)
  thread.run(0.9, 100, { others: 0.9 })
  assert.equal(thread.run(0.9, 100, { others: 0.9, took: 0.02 }).at(-1), 320)
})

test('what its share is, is seen again each second', () => {
  const thread = new Thread()
  thread.run(0, 100, { waited: 0.5 })
  assert.equal(thread.run(0, 100).at(-1), 300)
  assert.equal(thread.run(0, 1000).at(-1), 100)
})

test('after a rest, however busy it was, datagrams do not wait', () => {
  const thread = new Thread()
  thread.run(0, 1000)
  thread.moderation.note(10_000, 10_000)
  thread.naps = []
  thread.moderation.gather()
  assert.deepEqual(thread.naps, [])
})

test('the kernel tells for how long a thread was at work, and not for how long it slept', {
  skip: process.platform !== 'linux' && 'not Linux',
}, t => {
  const schedule = schedulerStatistics()
  const engaged = () => schedule().ran + schedule().waited
  const before = engaged()
  for (const end = performance.now() + 60; performance.now() < end; );
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
  const worked = engaged() - before
  if (worked === 0) return t.skip('the kernel keeps no statistics')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)
  const slept = engaged() - before - worked
  assert.ok(worked > 40 && slept < worked, `worked ${worked} ms, then ${slept}`)
})
