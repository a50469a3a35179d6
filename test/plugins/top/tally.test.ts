import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Counts, Tally } from '#plugins/top/tally.ts'
import { RCODE } from '#src/dns/codes.ts'
import { type Query, Reply } from '#src/plugin.ts'

const MINUTE = 60_000
const reply = new Reply(RCODE.NOERROR)

const query = (key: string, received: number) => ({ key, received, client: { address: '192.0.2.1' } }) as Query
const names = ({ names }: Counts) => names

function ask(tally: Tally, key: string, received: number, times = 1): void {
  for (let i = 0; i < times; i++) tally.see(query(key, received), reply)
}

const near = (value: number | undefined, expected: number, share: number) =>
  assert.ok(Math.abs(value! - expected) <= share * expected, `${value}, not ${expected}`)

test('a rate is over this minute and the one before', () => {
  const begun = performance.now()
  const tally = new Tally({})
  const rate = (minutes: number) => new Map(tally.rates(names, begun + minutes * MINUTE)).get('a')
  ask(tally, 'a', begun + 1000, 600)
  near(rate(0.5), 20, 0.01)
  near(rate(1.5), 600 / 90, 0.01)
  ask(tally, 'a', begun + 1.6 * MINUTE, 600)
  near(rate(1.75), 1200 / 105, 0.01)
  near(rate(2.5), 600 / 90, 0.01)
  assert.equal(rate(3.5), undefined)
})

test('what was asked before a pause of minutes is not told', () => {
  const begun = performance.now()
  const tally = new Tally({})
  ask(tally, 'old', begun)
  ask(tally, 'new', begun + 7.5 * MINUTE)
  assert.deepEqual(
    Array.from(tally.rates(names, begun + 7.6 * MINUTE), ([key]) => key),
    ['new'],
  )
  assert.deepEqual(Array.from(tally.rates(names, begun + 9.6 * MINUTE)), [])
})

test('the last millisecond of a minute belongs to it', t => {
  t.mock.method(performance, 'now', () => 0)
  const tally = new Tally({})
  ask(tally, 'a', 2 * MINUTE - 0.5)
  assert.equal(Array.from(tally.rates(names, 3 * MINUTE - 1)).length, 1)
  assert.deepEqual(Array.from(tally.rates(names, 3 * MINUTE)), [])
})

test('one query in the first second is one a second', () => {
  const tally = new Tally({})
  ask(tally, 'a', performance.now())
  assert.deepEqual(Array.from(tally.rates(names, performance.now())), [['a', 1]])
})

test('of many queries some stand for all, also where names come by turns, and few are all counted again', () => {
  const begun = performance.now()
  const tally = new Tally({})
  const held = (minutes: number) => Array.from(tally.rates(names, begun + minutes * MINUTE)).length
  for (const minute of [0, 1, 2]) {
    for (let i = 0; i < 400_000; i++) {
      // A search path of four names, and a name of its own in each fifth query.
      ask(tally, i % 5 === 4 ? `random${minute}-${i}` : `search${i % 5}`, begun + (minute + i / 400_000) * MINUTE)
    }
    assert.ok(held(minute + 0.999) < 20_000, `${held(minute + 0.999)} names are held`)
  }
  const rates = new Map(tally.rates(names, begun + 2.999 * MINUTE))
  // Five standard deviations of some 4,000 that were looked at.
  for (const i of [0, 1, 2, 3]) near(rates.get(`search${i}`), 400_000 / 60 / 5, 0.08)
  ask(tally, 'few', begun + 3.5 * MINUTE, 3)
  ask(tally, 'few', begun + 4.5 * MINUTE, 3)
  ask(tally, 'few', begun + 5.5 * MINUTE, 3)
  near(new Map(tally.rates(names, begun + 5.75 * MINUTE)).get('few'), 6 / 105, 0.01)
})
