import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Shared } from '#src/feeds/shared.ts'

test('what could not be opened is opened anew by the next user', async () => {
  const shared = new Shared<object>()
  const thing = {}
  const tries = [Promise.reject(new Error('no memory')), Promise.resolve(thing)]
  const open = () => shared.open('key', () => tries.shift()!)
  await Promise.all([assert.rejects(open(), /no memory/), assert.rejects(open(), /no memory/)])
  assert.deepEqual(shared.all, [])
  assert.equal(await open(), thing)
  assert.deepEqual([shared.leave(thing), shared.all], [true, []])
})

test('who waits for what could not be opened is let go of, and who comes later waits for the next try', async () => {
  const shared = new Shared<object>()
  const thing = {}
  const { signal } = new AbortController()
  const early = assert.rejects(shared.join('key', signal))
  await assert.rejects(
    shared.open('key', async () => {
      throw new Error('no memory')
    }),
  )
  await early
  const late = shared.join('key', signal)
  assert.equal(await shared.open('key', async () => thing), thing)
  assert.equal(await late, thing)
  assert.deepEqual([shared.leave(thing), shared.leave(thing)], [false, true])
})
