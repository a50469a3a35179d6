import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flight } from '#plugins/forward/flight.ts'
import { Flights } from '#plugins/forward/flights.ts'
import { toKey } from '#src/dns/name.ts'
import { Question } from '#src/forwarding/question.ts'

const flight = (name: string, overStream = false, hash?: number): Flight => {
  const question = Question.make(toKey(name), 1, 0)
  return { question, hash: hash ?? question.hash, overStream, next: undefined } as Flight
}

test('a flight is found by its question until it is deleted, among any number, and with equal hashes', () => {
  for (const hash of [undefined, 7]) {
    const flights = new Flights()
    const all = Array.from({ length: 2000 }, (_, i) => flight(`n${i}.example.org.`, i % 2 === 0, hash))
    for (const one of all) flights.add(one)
    assert.equal(flights.count, 2000)
    assert.equal(new Set(flights.list()).size, 2000)
    const find = (one: Flight) => flights.find(Question.make(toKey(textOf(one, all)), 1, 0), one.hash, one.overStream)
    for (const one of all) assert.equal(find(one), one)
    assert.equal(flights.find(all[0]!.question, all[0]!.hash, !all[0]!.overStream), undefined)
    for (const [i, one] of all.entries()) if (i % 3 === 0) flights.delete(one)
    for (const [i, one] of all.entries()) assert.equal(find(one), i % 3 === 0 ? undefined : one)
    assert.equal(flights.count, flights.list().length)
  }
})

const textOf = (one: Flight, all: readonly Flight[]): string => `n${all.indexOf(one)}.example.org.`

test('deleting what is not there changes nothing', () => {
  const flights = new Flights()
  const here = flight('a.example.org.', false, 1)
  flights.add(here)
  flights.delete(flight('b.example.org.', false, 1))
  assert.deepEqual([flights.count, flights.list()], [1, [here]])
})
