import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { errors } from '#plugins/errors/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const rule = { period: 300_000, pattern: '^a', level: 'error', showFirst: false }

const accepted: readonly (readonly [lines: string, stacktrace: boolean, rules: readonly object[]])[] = [
  ['errors', false, []],
  ['errors stdout', false, []],
  ['errors {\n stacktrace\n}', true, []],
  ['errors {\n consolidate 5m ^a\n}', false, [rule]],
  ['errors {\n consolidate 5m ^a warning\n}', false, [{ ...rule, level: 'warn' }]],
  ['errors {\n consolidate 5m ^a error\n}', false, [rule]],
  ['errors {\n consolidate 5m ^a info show_first\n}', false, [{ ...rule, level: 'info', showFirst: true }]],
  ['errors {\n consolidate 5m ^a debug\n}', false, [{ ...rule, level: 'debug' }]],
  ['errors {\n consolidate 5m ^a show_first\n}', false, [{ ...rule, showFirst: true }]],
  ['errors {\n consolidate 1m "(?i)a b$"\n consolidate 5m ^a\n}', false, [{ ...rule, period: 60_000, pattern: '(?i)a b$' }, rule]],
] // biome-ignore format: a table

suite('options are read', () => {
  for (const [lines, stacktrace, rules] of accepted) {
    test(lines.replaceAll('\n', ''), () => {
      const options = errors.parse(directiveOf(lines))
      assert.equal(options.stacktrace, stacktrace)
      assert.deepEqual(
        options.rules.map(({ pattern, ...rest }) => ({ pattern: pattern.pattern(), ...rest })),
        rules,
      )
    })
  }
})

const refused: readonly (readonly [lines: string, message: RegExp])[] = [
  ['errors stderr', /Corefile:2 .*'stderr' \(column 8/],
  ['errors stdout stdout', /expected no more arguments/],
  ['errors\nerrors', /can only be used once/],
  ['errors {\n stacktraces\n}', /unknown property 'stacktraces' .*did you mean 'stacktrace'/],
  ['errors {\n stacktrace yes\n}', /expected no more arguments/],
  ['errors {\n consolidate\n}', /expected DURATION/],
  ['errors {\n consolidate 5m\n}', /expected REGEXP/],
  ['errors {\n consolidate 5 ^a\n}', /DURATION must be a duration/],
  ['errors {\n consolidate -5m ^a\n}', /DURATION is out of range/],
  ['errors {\n consolidate 5m a(\n}', /REGEXP is no regular expression: .*missing closing \)/],
  ['errors {\n consolidate 5m (?=a)\n}', /REGEXP is no regular expression/],
  [`errors {\n consolidate 5m ${'a'.repeat(10_001)}\n}`, /REGEXP is too long: 10001 of at most 10000/],
  ['errors {\n consolidate 5m ^a warn\n}', /option must be one of warning, error, info, debug, show_first: 'warn'/],
  ['errors {\n consolidate 5m ^a show_first info\n}', /log level must come before show_first/],
  ['errors {\n consolidate 5m ^a info error\n}', /option must be one of show_first: 'error'/],
  ['errors {\n consolidate 5m ^a info show_first x\n}', /expected no more arguments/],
] // biome-ignore format: a table

suite('mistakes are named', () => {
  for (const [lines, message] of refused) {
    test(lines.replaceAll('\n', '').slice(0, 80), () => {
      refuses(errors, lines, message)
    })
  }
})
