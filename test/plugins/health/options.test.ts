import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { health, type Options } from '#plugins/health/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const accepted: readonly (readonly [lines: string, options: Options])[] = [
  ['health', { address: ':8080', lameduck: 0 }],
  ['health 192.0.2.1:8081', { address: '192.0.2.1:8081', lameduck: 0 }],
  ['health {\n lameduck 5s\n}', { address: ':8080', lameduck: 5000 }],
  ['health localhost:8091 {\n lameduck 1m30s\n}', { address: 'localhost:8091', lameduck: 90_000 }],
  ['health {\n lameduck 0\n}', { address: ':8080', lameduck: 0 }],
  ['health :1 {\n lameduck 1s\n}\nhealth :2', { address: ':2', lameduck: 1000 }],
]

suite('options are read', () => {
  for (const [lines, options] of accepted) {
    test(lines.replaceAll('\n', ''), () => assert.deepEqual(health.parse(directiveOf(lines)), options))
  }
})

const refused: readonly (readonly [lines: string, message: RegExp])[] = [
  ['health bla', /ADDRESS must be HOST:PORT/],
  ['health :8080 5s', /expected no more arguments/],
  ['health {\n lameduck\n}', /expected DURATION/],
  ['health {\n lameduck 5\n}', /DURATION must be a duration/],
  ['health {\n lameduck -5s\n}', /DURATION is out of range/],
  ['health {\n lameduck 5s 6s\n}', /expected no more arguments/],
  ['health {\n lameduk 5s\n}', /unknown property 'lameduk' .*did you mean 'lameduck'/],
]

suite('mistakes are named', () => {
  for (const [lines, message] of refused) {
    test(lines.replaceAll('\n', ''), () => {
      refuses(health, lines, message)
    })
  }
})
