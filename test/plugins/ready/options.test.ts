import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Options, ready } from '#plugins/ready/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const accepted: readonly (readonly [lines: string, options: Options])[] = [
  ['ready', { address: ':8181', continuously: false }],
  ['ready localhost:8182', { address: 'localhost:8182', continuously: false }],
  ['ready {\n monitor until-ready\n}', { address: ':8181', continuously: false }],
  ['ready :1 {\n monitor continuously\n}', { address: ':1', continuously: true }],
]

suite('options are read', () => {
  for (const [lines, options] of accepted) {
    test(lines.replaceAll('\n', ''), () => assert.deepEqual(ready.parse(directiveOf(lines)), options))
  }
})

const refused: readonly (readonly [lines: string, message: RegExp])[] = [
  ['ready 8181', /ADDRESS must be HOST:PORT/],
  ['ready :8181 :8182', /expected no more arguments/],
  ['ready\nready', /can only be used once/],
  ['ready {\n monitor\n}', /expected monitor type/],
  ['ready {\n monitor continously\n}', /'continously' .*did you mean 'continuously'/],
  ['ready {\n moniter continuously\n}', /unknown property 'moniter' .*did you mean 'monitor'/],
]

suite('mistakes are named', () => {
  for (const [lines, message] of refused) {
    test(lines.replaceAll('\n', ''), () => {
      refuses(ready, lines, message)
    })
  }
})
