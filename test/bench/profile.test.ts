import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addTimes } from '../../bench/profile.ts'

const node = (id: number, functionName: string, url = '', lineNumber = -1) => ({
  id,
  callFrame: { functionName, url, lineNumber },
})

test('samples of one function are added up, whoever called it, and idle time is left out', () => {
  const nodes = [
    node(1, '(idle)'),
    node(2, 'find', 'file:///src/dns/name.ts', 9),
    node(3, 'find', 'file:///src/dns/name.ts', 9),
    node(4, '(garbage collector)'),
  ]
  const times = new Map([['find dns/name.ts:10', 1]])
  addTimes({ nodes, samples: [1, 2, 3, 2, 4], timeDeltas: [1000, 100, 10, 5, 7] }, times)
  assert.deepEqual(
    [...times],
    [
      ['find dns/name.ts:10', 116],
      ['(garbage collector)', 7],
    ],
  )
})
