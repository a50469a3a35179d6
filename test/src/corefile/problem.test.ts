import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearestWord, Problem } from '#src/corefile/problem.ts'

const token = { text: 'cahce', file: 'Corefile', line: 3, column: 5 }

const messages: { name: string; problem: Problem; message: string }[] = [
  {
    name: 'a place',
    problem: new Problem('Unexpected EOF', token),
    message: 'Corefile:3 - Error during parsing: Unexpected EOF (column 5)',
  },
  {
    name: 'the word that was meant',
    problem: new Problem("Unknown directive 'cahce'", token, { nearest: 'cache' }),
    message: "Corefile:3 - Error during parsing: Unknown directive 'cahce' (column 5, did you mean 'cache'?)",
  },
  {
    name: 'advice, which knows better than a likeness',
    problem: new Problem("Unknown directive 'proxy'", token, { nearest: 'prox', advice: "use 'forward'" }),
    message: "Corefile:3 - Error during parsing: Unknown directive 'proxy' (column 5, use 'forward')",
  },
  {
    name: 'a plugin',
    problem: new Problem('no', token, { plugin: 'cache' }),
    message: 'plugin/cache: Corefile:3 - Error during parsing: no (column 5)',
  },
  {
    name: 'syntax',
    problem: new Problem("Unexpected token 'x', expecting '{'", token, { syntax: true }),
    message: "Corefile:3 - Syntax error: Unexpected token 'x', expecting '{' (column 5)",
  },
  { name: 'no place', problem: new Problem('no', undefined, { plugin: 'tls' }), message: 'plugin/tls: no' },
  {
    name: 'what would break the line is escaped',
    problem: new Problem("'a\nb\r\u001b[31m\u0085\u2028'", { ...token, file: 'a\nb' }),
    message: String.raw`a\nb:3 - Error during parsing: 'a\nb\u000d\u001b[31m\u0085\u2028' (column 5)`,
  },
]

for (const { name, problem, message } of messages) test(name, () => assert.equal(problem.message, message))

test('a log that names the plugin and says how bad it is has the place and the rest alone', () => {
  assert.equal(
    new Problem('no', token, { plugin: 'cache', nearest: 'on' }).sentence,
    "Corefile:3 - no (column 5, did you mean 'on'?)",
  )
})

const words = ['cache', 'errors', 'forward', 'health', 'hosts', 'log', 'loop', 'ready', 'success', 'any']
const meant: [word: string, nearest: string | undefined][] = [
  ['cahce', 'cache'],
  ['cach', 'cache'],
  ['caches', 'cache'],
  ['CACHE', 'cache'],
  ['forwrd', 'forward'],
  ['foward', 'forward'],
  ['succes', 'success'],
  ['sucess', 'success'],
  ['looop', 'loop'],
  ['host', 'hosts'],
  ['federation', undefined],
  ['proxy', undefined],
  ['', undefined],
  ['__proto__', undefined],
  ['x'.repeat(100_000), undefined],
]

for (const [word, nearest] of meant) {
  test(`'${word.slice(0, 20)}' ${nearest ? `was meant to be ${nearest}` : 'is like no known word'}`, () =>
    assert.equal(nearestWord(word, words), nearest))
}
