import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Consolidation } from '#plugins/errors/consolidation.ts'
import { compilePattern } from '#src/corefile/pattern.ts'
import { createLogger } from '#src/log.ts'

/** Errors like `lost`, consolidated for 30 seconds of a clock that the test moves. */
function consolidate(t: TestContext, { showFirst = false } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const lines: string[] = []
  const log = createLogger('text', 'info', { write: line => lines.push(line.trimEnd()) })
  const errors = new Consolidation({ period: 30_000, pattern: compilePattern('lost'), level: 'warn', showFirst }, log)
  return { errors, lines, tick: (milliseconds: number) => t.mock.timers.tick(milliseconds) }
}

const summary = (count: number) => `[WARNING] ${count} errors like 'lost' occurred in last 30s`

test('the pattern may match anywhere', t => {
  const { errors } = consolidate(t)
  assert.equal(errors.matches('connection lost again'), true)
  assert.equal(errors.matches('connection kept'), false)
})

test('a period begins with its first error and ends with a summary', t => {
  const { errors, lines, tick } = consolidate(t)
  tick(29_999)
  errors.count('a')
  errors.count('b')
  tick(29_999)
  assert.deepEqual(lines, [])
  tick(1)
  assert.deepEqual(lines, [summary(2)])
})

test('the next period counts anew', t => {
  const { errors, lines, tick } = consolidate(t)
  errors.count('a')
  tick(30_000)
  tick(30_000)
  errors.count('b')
  tick(30_000)
  assert.deepEqual(lines, [summary(1), summary(1)])
})

test('show_first prints the first error at once, and a summary only of several', t => {
  const { errors, lines, tick } = consolidate(t, { showFirst: true })
  errors.count('a')
  assert.deepEqual(lines, ['[WARNING] a'])
  tick(30_000)
  errors.count('b')
  errors.count('c')
  tick(30_000)
  assert.deepEqual(lines, ['[WARNING] a', '[WARNING] b', summary(2)])
})

test('stop prints what is pending, once', t => {
  const { errors, lines, tick } = consolidate(t)
  errors.stop()
  errors.count('a')
  errors.stop()
  tick(30_000)
  assert.deepEqual(lines, [summary(1)])
})
