import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Line } from '#src/corefile/directive.ts'
import { directive, line } from './demo.ts'

const readers: { name: string; line: string; read(line: Line): unknown; result: unknown }[] = [
  { name: 'text', line: 'demo a "b c"', read: line => [line.text('A'), line.text('B')], result: ['a', 'b c'] },
  {
    name: 'peek takes nothing',
    line: 'demo a',
    read: line => [line.peek(), line.left, line.text('A'), line.peek(), line.left],
    result: ['a', 1, 'a', undefined, 0],
  },
  { name: 'rest', line: 'demo a b c', read: line => [line.text('A'), line.rest(), line.rest()], result: ['a', ['b', 'c'], []] },
  { name: 'some', line: 'demo a b', read: line => line.some('A'), result: ['a', 'b'] },
  {
    name: 'integer',
    line: 'demo 0 +5 007 -3',
    read: line => [line.integer('N', 0), line.integer('N', 5, 5), line.integer('N', 0), line.integer('N', -3)],
    result: [0, 5, 7, -3],
  },
  {
    name: 'duration',
    line: 'demo 5s 1m30s 0',
    read: line => [line.duration('T'), line.duration('T'), line.duration('T')],
    result: [5000, 90_000, 0],
  },
  {
    name: 'duration, where a bare number counts seconds',
    line: 'demo 5 5ms',
    read: line => [line.duration('T', { bare: 1000 }), line.duration('T', { bare: 1000 })],
    result: [5000, 5],
  },
  {
    name: 'duration at its bounds',
    line: 'demo 2s 3s',
    read: line => [line.duration('T', { min: 2000 }), line.duration('T', { max: 3000 })],
    result: [2000, 3000],
  },
  { name: 'oneOf', line: 'demo udp', read: line => line.oneOf('PROTOCOL', ['udp', 'tcp']), result: 'udp' },
  {
    name: 'oneOf in any case',
    line: 'demo Udp',
    read: line => line.oneOf('PROTOCOL', ['udp', 'tcp'], { anyCase: true }),
    result: 'udp',
  },
  {
    name: 'zones',
    line: 'demo C.org 10.0.0.0/15 .',
    read: line => line.zones(['x.']),
    result: ['c.org.', '0.10.in-addr.arpa.', '1.10.in-addr.arpa.', '.'],
  },
  { name: 'name', line: 'demo Web.example.org', read: line => line.name('NAME'), result: '\x03web\x07example\x03org\0' },
  { name: 'pattern', line: 'demo ^(?P<a>x+)$', read: line => line.pattern('REGEXP').matches('xx'), result: true },
  {
    name: 'address',
    line: 'demo :8080 localhost:0 127.0.0.1:80 [::1]:65535',
    read: line => [line.address('A'), line.address('A'), line.address('A'), line.address('A')],
    result: [':8080', 'localhost:0', '127.0.0.1:80', '[::1]:65535'],
  },
  { name: 'zones that are not named', line: 'demo', read: line => line.zones(['x.']), result: ['x.'] },
  { name: 'end', line: 'demo a', read: line => [line.text('A'), line.end()], result: ['a', undefined] },
  { name: 'end after an empty block', line: 'demo {\n}', read: line => line.end(), result: undefined },
  { name: 'no block', line: 'demo', read: line => line.block(), result: [] },
  {
    name: 'block',
    line: 'demo {\na b\nc\n}',
    read: line => line.block().map(each => [each.word, each.rest()]),
    result: [
      ['a', ['b']],
      ['c', []],
    ],
  },
  {
    name: 'joined',
    line: 'demo a {\nb c\nd\n}',
    read: line => line.joined().rest(),
    result: ['a', 'b', 'c', 'd'],
  },
  {
    name: 'blocks within blocks',
    line: 'demo {\na {\nb c\n}\n}',
    read: line => line.block()[0]!.block()[0]!.rest(),
    result: ['c'],
  },
]

for (const { name, line: text, read, result } of readers) test(name, () => assert.deepEqual(read(line(text)), result))

test('options give each line to the reader of its word', () => {
  const seen: unknown[] = []
  const use = line('demo x {\n  ttl 5\n  force\n  ttl 6\n}')
  assert.equal(use.text('X'), 'x')
  use.options({ ttl: option => seen.push(option.integer('TTL', 0)), force: option => seen.push(option.word) })
  use.end()
  assert.deepEqual(seen, [5, 'force', 6])
})

test('a directive knows its zones and each of its uses', () => {
  const twice = directive('demo a\ndemo b')
  assert.deepEqual(twice.zones, ['a.org.', 'b.org.'])
  assert.deepEqual(
    twice.uses().map(use => use.rest()),
    [['a'], ['b']],
  )
  assert.doesNotThrow(() => directive('demo\ndemo').empty())
})
