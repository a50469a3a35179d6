import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseWeights } from '#plugins/loadbalance/weights.ts'
import { toKey } from '#src/dns/name.ts'

test('weights are read by name and address', () => {
  const text = '# weights\n\nwww.example.org\n192.0.2.1 3\r\n  192.0.2.2\t1 \n2001:db8::1 255\nWeb.Example.org.\n192.0.2.1 7\n'
  const table = parseWeights(text, 'weights')
  const www = new Map([
    ['\xc0\x00\x02\x01', 3],
    ['\xc0\x00\x02\x02', 1],
    [' \x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01', 255],
  ])
  assert.deepEqual(table.get(toKey('www.example.org')), www)
  assert.deepEqual(table.get(toKey('web.example.org')), new Map([['\xc0\x00\x02\x01', 7]]))
  assert.equal(table.size, 2)
})

const wrong: readonly (readonly [text: string, message: string])[] = [
  ['192.0.2.1 3', "weights:1: address before the first name: '192.0.2.1 3'"],
  ['a.example.org\n192.0.2.1', "weights:2: address without a weight: '192.0.2.1'"],
  ['a.example.org\n192.0.2.1 0', "weights:2: a weight is a whole number from 1 to 255: '192.0.2.1 0'"],
  ['a.example.org\n192.0.2.1 256', "weights:2: a weight is a whole number from 1 to 255: '192.0.2.1 256'"],
  ['a.example.org\n192.0.2.1 1.5', "weights:2: a weight is a whole number from 1 to 255: '192.0.2.1 1.5'"],
  ['a.example.org\n192.0.2.1 1 1', "weights:2: expected a name, or an address and its weight: '192.0.2.1 1 1'"],
  ['a.example.org\nhost 1', "weights:2: expected a name, or an address and its weight: 'host 1'"],
  ['a..example.org', 'weights:1: "a..example.org" has an empty label: \'a..example.org\''],
]

suite('a line that cannot be read is told', () => {
  for (const [text, message] of wrong) {
    test(text.replaceAll('\n', ' ↵ '), () => assert.throws(() => parseWeights(text, 'weights'), { message }))
  }
})
