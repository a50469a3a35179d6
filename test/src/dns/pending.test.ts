import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Pending } from '#src/dns/pending.ts'

test('steps run at once when the value comes, each with what the one before gave', () => {
  const pending = new Pending<number>()
  const seen: unknown[] = []
  pending
    .then(value => {
      seen.push(value)
      return `${value} and more`
    })
    .then(text => {
      seen.push(text)
    })
  assert.deepEqual(seen, [])
  pending.fulfil(1)
  assert.deepEqual(seen, [1, '1 and more'])
})

test('what is asked for after the value has come is done at once', () => {
  const pending = new Pending<number>()
  pending.fulfil(1)
  const seen: unknown[] = []
  pending.then(value => value + 1).then(value => seen.push(value))
  assert.deepEqual(seen, [2])
})

test('an error goes to the next step that takes errors, and the value of that goes on', () => {
  const pending = new Pending<number>()
  const seen: unknown[] = []
  pending
    .then(() => {
      throw new Error('boom')
    })
    .then(() => assert.fail('not reached'))
    .then(null, error => (error as Error).message)
    .then(value => seen.push(value))
  pending.fulfil(1)
  assert.deepEqual(seen, ['boom'])
})

test('a step may wait, for a promise or another that is pending; the rest goes on afterwards', async () => {
  const pending = new Pending<number>()
  const other = new Pending<number>()
  const last = pending
    .then(value => Promise.resolve(value + 1))
    .then(() => other)
    .then(() => Promise.reject(new Error('late')))
    .then(undefined, error => (error as Error).message)
  pending.fulfil(1)
  await nextTurn()
  other.fulfil(5)
  assert.equal(await last, 'late')
})

test('it can be awaited, before the value comes and after', async () => {
  const pending = new Pending<string>()
  setImmediate(() => pending.fulfil('value'))
  assert.equal(await pending, 'value')
  const early = new Pending<string>()
  early.fulfil('early')
  assert.equal(await early, 'early')
})

test('an error that nobody takes is an unhandled rejection', async () => {
  const told = Promise.withResolvers<unknown>()
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection').once('unhandledRejection', told.resolve)
  const pending = new Pending<number>()
  void pending.then(() => {
    throw new Error('boom')
  })
  pending.fulfil(1)
  assert.match(String(await told.promise), /boom/)
  for (const listener of others) process.on('unhandledRejection', listener)
})
