import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Accounts } from '#plugins/rrl/accounts.ts'

const SECOND = 1000

/** How many of `times` queries at one time are within the limit. */
function allowed(accounts: Accounts, interval: number, time: number, times = 20, client = 1): number {
  let count = 0
  for (let i = 0; i < times; i++) if (accounts.debit(client, 0, 0, interval, time) === 0) count++
  return count
}

for (const [perSecond, atOnce] of [[10, 10], [3, 3], [1, 1], [2.5, 2]] as const) // biome-ignore format: a table
  test(`${perSecond} a second are ${atOnce} at once, and again after a second`, () => {
    const accounts = new Accounts(100, 15 * SECOND)
    for (const time of [12_345.678, 13_345.678, 60_000.1])
      assert.equal(allowed(accounts, SECOND / perSecond, time, atOnce), atOnce)
    assert.equal(allowed(accounts, SECOND / perSecond, 60_000.1, 1), 0)
  })

test('less than one a second is one in its time, after a pause, too', () => {
  const accounts = new Accounts(100, 15 * SECOND)
  for (const [time, expected] of [[0, 1], [2000, 1], [3000, 0], [60_000, 1]] as const) // biome-ignore format: a table
    assert.deepEqual([time, allowed(accounts, 2000, time, 1)], [time, expected])
})

test('who goes on is not answered, and who stops is after the window', () => {
  const accounts = new Accounts(100, 5 * SECOND)
  for (let time = 0; time < 60; time++) assert.equal(allowed(accounts, 100, time * SECOND), time === 0 ? 10 : 0)
  assert.equal(allowed(accounts, 100, 59_000 + 5099, 1), 0)
  const other = new Accounts(100, 5 * SECOND)
  allowed(other, 100, 0, 1000)
  assert.equal(allowed(other, 100, 5100, 1), 1)
})

test('what is over is counted', () => {
  const accounts = new Accounts(100, 5 * SECOND)
  assert.deepEqual(
    [0, 0, 0, 0].map(() => accounts.debit(1, 0, 0, 500, 0)),
    [0, 0, 1, 2],
  )
})

test('clients, kinds and names have accounts of their own', () => {
  const accounts = new Accounts(1000, 5 * SECOND)
  for (const [client, kind, name] of [
    [1, 0, 0],
    [2, 0, 0],
    [1, 1, 0],
    [1, 0, 1],
    [0, 1, 1],
  ] as const) {
    // biome-ignore format: a table
    assert.equal(accounts.debit(client, kind, name, SECOND, 0), 0)
    assert.equal(accounts.debit(client, kind, name, SECOND, 0), 1)
  }
})

test('a full table remembers who is over its limit', () => {
  const accounts = new Accounts(800, 15 * SECOND)
  allowed(accounts, 100, 0, 200)
  for (let client = 2; client < 100_000; client++) assert.equal(accounts.debit(client, 0, 0, 100, 10), 0)
  assert.equal(allowed(accounts, 100, 20), 0)
})
