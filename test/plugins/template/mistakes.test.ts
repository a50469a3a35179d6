import assert from 'node:assert/strict'
import { test } from 'node:test'
import { template } from '#plugins/template/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

test('mistakes are named', () => {
  for (const [lines, message] of [
    ['', /expected CLASS/],
    ['IN', /expected TYPE/],
    ['INN A', /no CLASS: 'INN' .*did you mean 'IN'/],
    ['IN AAA', /no TYPE: 'AAA' .*did you mean 'A/],
    ['IN A a..org', /'a\.\.org' is not a zone/],
    ['IN A {\n macth x\n}', /unknown property 'macth' .*did you mean 'match'/],
    ['IN A {\n match\n}', /expected REGEX/],
    ['IN A {\n match (\n}', /REGEX is no regular expression/],
    [`IN A {\n match ${'a'.repeat(10_001)}\n}`, /REGEX is too long/],
    ['IN A {\n answer\n}', /expected RR/],
    ['IN A {\n answer {{.Name}}  x\n}', /answer: TYPE is missing/],
    ['IN A {\n answer "{{ .Nam }} 60 IN A 192.0.2.1"\n}', /answer: no field Nam in the query/],
    ['IN A {\n answer "{{ .Message.Answer }}"\n}', /answer: no field Answer in the message/],
    ['IN A {\n answer "{{ $.Question.Type }}"\n}', /answer: no field Type in the question/],
    ['IN A {\n authority "{{ if .Name }}x"\n}', /Corefile:3.* authority: \{\{if\}\} without \{\{end\}\}/],
    ['IN A {\n additional "{{ len }}"\n}', /additional: wrong number of args for len: want 1 got 0/],
    ['IN A {\n answer "a.example.org. 60 IN A 192.0.2.256"\n}', /answer: ADDRESS must be an IPv4 address/],
    ['IN A {\n var x\n}', /expected EXPRESSION/],
    ['IN A {\n var 1x 1\n}', /NAME must be letters, digits and underscores: '1x'/],
    ['IN A {\n var len 1\n}', /NAME means something in expressions: 'len'/],
    ['IN A {\n var any 1\n}', /NAME means something in expressions: 'any'/],
    ['IN A {\n var x 1\n var x 2\n}', /NAME means something in expressions: 'x'/],
    ['IN A {\n var x nme()\n}', /EXPRESSION: unknown name nme/],
    ['IN A {\n expr y\n var y true\n}', /EXPRESSION: unknown name y/],
    ['IN A {\n expr\n}', /expected EXPRESSION/],
    ['IN A {\n expr 1 + 2\n}', /a condition must be a bool, not int/],
    ['IN A {\n rcode\n}', /expected rcode/],
    ['IN A {\n rcode NXDOMAN\n}', /no rcode: 'NXDOMAN' .*did you mean 'NXDOMAIN'/],
    ['IN A {\n rcode NXDOMAIN NOERROR\n}', /expected no more arguments/],
    ['IN A {\n ederror x\n}', /CODE must be a whole number between 0 and 65535: 'x'/],
    ['IN A {\n ederror 65536\n}', /CODE must be a whole number between 0 and 65535: '65536'/],
    ['IN A {\n ederror 1 a b\n}', /expected no more arguments/],
    ['IN A {\n fallthrough a..b\n}', /'a\.\.b' is not a zone/],
  ] as const)
    refuses(template, `template ${lines}`, message)
})

test('upstream is accepted, as CoreDNS accepts it, and warned of', () => {
  const directive = directiveOf('template IN A {\n upstream 192.0.2.1\n}')
  template.parse(directive)
  assert.match(directive.warnings.join(), /plugin\/template: upstream has no effect/)
})
