/** Expressions of `var` and `expr`; `differential.test.ts` compares the same ones with CoreDNS's. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Data, FUNCTIONS } from '#plugins/template/data.ts'
import { compilePattern } from '#src/corefile/pattern.ts'
import { parse } from '#src/expression/parser.ts'
import { octetsOf, textOf } from '#src/go/values.ts'
import { queryOf } from '#test/support/exchange.ts'
import { cases, failing } from './cases.ts'

const query = queryOf('Web.example.org', 'TXT', { edns: { udpSize: 1232 } })

function evaluate(expression: string): string {
  const data = new Data({
    query,
    zone: '.',
    class: 'IN',
    type: 'TXT',
    pattern: compilePattern('^(?P<a>w)(?P<rest>.*?)[.](?P<none>x)?'),
    readMetadata: () => undefined,
  })
  data.variables.set('answer', 'forty-two')
  const value = parse(octetsOf(expression), { functions: FUNCTIONS, variables: new Map([['answer', 'string']]) }).evaluate({
    data,
  })
  return Buffer.from(textOf(value), 'latin1').toString()
}

suite('an expression is', () => {
  for (const [expression, text] of cases) test(`${expression}: ${text}`, () => assert.equal(evaluate(expression), text))
  test('a variable that was declared before', () => assert.equal(evaluate('upper(answer)[0:5]'), 'FORTY'))
})

suite('an expression fails with a query', () => {
  for (const [expression, message] of failing)
    test(expression, () => assert.throws(() => evaluate(expression), { name: 'EvaluationError', message }))
})

test('mistakes are named when the Corefile is read', () => {
  for (const [expression, message] of [
    ['', /^unexpected end of the expression$/],
    ['1 +', /^unexpected end of the expression$/],
    ['1 2', /^unexpected '2'$/],
    ['(1', /^unexpected end of the expression$/],
    ['"abc', /^unexpected '"abc'$/],
    ['1.5', /^only whole numbers can be had: '1.5'$/],
    ['1 / 2', /^unexpected '\/'$/],
    ['1.."a"', /^invalid operation: \.\. \(mismatched types int and string\)$/],
    ['1.2.3', /^only whole numbers can be had: '1.2.3'$/],
    ['{"a": 1}', /^unexpected '\{'$/],
    ['#', /^unexpected '#'$/],
    ['true not true', /^unexpected 'not'$/],
    ['1 not == 2', /^unexpected 'not'$/],
    ['"a" | upper()[0:1]', /^unexpected '\['$/],
    ['nme()', /^unknown name nme$/],
    ['unknown', /^unknown name unknown$/],
    ['nil', /^unknown name nil$/],
    ['now()', /^unknown name now$/],
    ['name(1)', /^name takes other arguments than \(int\)$/],
    ['len(1)', /^len takes other arguments than \(int\)$/],
    ['replace("a", "b")', /^replace takes other arguments than \(string, string\)$/],
    ['name() == 1', /^invalid operation: == \(mismatched types string and int\)$/],
    ['[1] == [1]', /^invalid operation: == \(mismatched types int\[\] and int\[\]\)$/],
    ['true < false', /^invalid operation: < \(mismatched types bool and bool\)$/],
    ['"a" - "b"', /^invalid operation: - \(mismatched types string and string\)$/],
    ['1 and true', /^invalid operation: and \(mismatched types int and bool\)$/],
    ['1 in ["a"]', /^invalid operation: in \(mismatched types int and string\[\]\)$/],
    ['1 contains "a"', /^invalid operation: contains \(mismatched types int and string\)$/],
    ['not 1', /^invalid operation: not \(mismatched type int\)$/],
    ['-"a"', /^invalid operation: - \(mismatched type string\)$/],
    ['1 ? 2 : 3', /^a condition must be a bool, not int$/],
    ['true ? 2 : "a"', /^both values of a condition must be of one type, not int and string$/],
    ['[]', /^an empty list has no type$/],
    ['[1, "a"]', /^a list is of one type, not of int and string$/],
    ['name()[0]', /^string has no element \[int\]$/],
    ['[1]["a"]', /^int\[\] has no element \[string\]$/],
    ['1[0:1]', /^int has no parts$/],
    ['"a"["b":]', /^no part of string begins or ends at string$/],
    ['any("a", true)', /^any takes a list, not string$/],
    ['any([1], #)', /^a predicate of any must be a bool, not int$/],
    ['name() matches name()', /^what stands behind matches must be a text$/],
    ['name() matches "("', /./],
  ] as const)
    assert.throws(() => evaluate(expression), { message }, expression)
})
