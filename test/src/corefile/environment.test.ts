import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expandEnvironment } from '#src/corefile/environment.ts'

const environment = {
  ZONE: 'example.org',
  NESTED: 'a.{$ZONE}',
  BLANK: 'a b',
  SELF: '{$SELF}',
  PING: '{$PONG}',
  PONG: '{$PING}',
  TWICE: '{$ZONE},{$ZONE}',
}

const cases: [text: string, expanded: string][] = [
  ['{$ZONE}', 'example.org'],
  ['{%ZONE%}', 'example.org'],
  ['dns://{$ZONE}:{$PORT}53', 'dns://example.org:53'],
  ['{$ZONE}{%ZONE%}{$ZONE}', 'example.orgexample.orgexample.org'],
  ['{$MISSING}', ''],
  ['{$NESTED}', 'a.example.org'],
  ['{$TWICE}', 'example.org,example.org'],
  ['{$BLANK}', 'a b'],
  ['{{$x}}', '{}'],
  ['{$}', '{$}'],
  ['{%}', '{%}'],
  ['{%%}', '{%%}'],
  ['{$ZONE', '{$ZONE'],
  ['{ZONE}', '{ZONE}'],
  ['$ZONE', '$ZONE'],
  ['{$ZONE:default}', ''],
  ['{$__proto__}{$constructor}{%toString%}', ''],
]

for (const [text, expanded] of cases)
  test(`${text} becomes '${expanded}'`, () => assert.equal(expandEnvironment(text, environment), expanded))

test('what is not set is told, and what is empty is not', () => {
  const unset: string[] = []
  expandEnvironment('{$ZONE}{$MISSING}{$EMPTY}{%GONE%}', { ...environment, EMPTY: '', ZONE: '{$WITHIN}' }, unset)
  assert.deepEqual(unset, ['GONE', 'WITHIN', 'MISSING'])
})

test('a value that refers to itself, directly or not, is an error', () => {
  assert.throws(() => expandEnvironment('{$SELF}', environment), {
    name: 'RangeError',
    message: 'environment variable SELF refers to itself',
  })
  assert.throws(() => expandEnvironment('{$PING}', environment), { message: 'environment variable PING refers to itself' })
})
