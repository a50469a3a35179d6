import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Options, reload } from '#plugins/reload/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const accepted: readonly (readonly [lines: string, options: Options])[] = [
  ['reload', { interval: 30_000, jitter: 15_000 }],
  ['reload 10s', { interval: 10_000, jitter: 5000 }],
  ['reload 2s', { interval: 2000, jitter: 1000 }],
  ['reload 10m 10s', { interval: 600_000, jitter: 10_000 }],
  ['reload 1h 0', { interval: 3_600_000, jitter: 0 }],
  ['reload 4s 10s', { interval: 4000, jitter: 2000 }],
  ['reload 4s 1s\nreload 10s', { interval: 4000, jitter: 1000 }],
]

suite('options are read', () => {
  for (const [lines, options] of accepted) {
    test(lines.replaceAll('\n', ' '), () => assert.deepEqual(reload.parse(directiveOf(lines)), options))
  }
})

const refused: readonly (readonly [lines: string, message: RegExp])[] = [
  ['reload 1s', /interval value must be greater or equal to 2s \(column 8\)/],
  ['reload 10', /INTERVAL must be a duration/],
  ['reload 10000h', /INTERVAL is out of range/],
  ['reload 10s 999ms', /jitter value must be 0 or greater or equal to 1s/],
  ['reload 10s -1s', /JITTER is out of range/],
  ['reload 10s 2s 3s', /expected no more arguments/],
  ['reload {\n interval 2s\n}', /unknown property 'interval'/],
]

suite('mistakes are named', () => {
  for (const [lines, message] of refused) {
    test(lines.replaceAll('\n', ''), () => {
      refuses(reload, lines, message)
    })
  }
})
