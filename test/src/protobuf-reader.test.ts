import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Malformed, ProtobufReader } from '#src/protobuf-reader.ts'

/** Skips every field of a message. */
function skipAll(...octets: readonly number[]): void {
  const reader = new ProtobufReader(Buffer.from(octets))
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) reader.skip(tag)
}

const fields: readonly (readonly [kind: string, ...octets: number[]])[] = [
  ['a number', 0x08, 0x96, 0x01],
  ['octets', 0x12, 0x02, 0x61, 0x62],
  ['four octets', 0x0d, 1, 2, 3, 4],
  ['eight octets', 0x09, 1, 2, 3, 4, 5, 6, 7, 8],
]

for (const [kind, ...octets] of fields) {
  test(`a field of ${kind} is skipped where it is whole, and malformed where it is not`, () => {
    skipAll(...octets, ...octets)
    for (let length = 1; length < octets.length; length++) {
      assert.throws(() => skipAll(...octets.slice(0, length)), Malformed, `${length} octets`)
    }
  })
}

test('groups are malformed: nobody sends them any more', () => {
  assert.throws(() => skipAll(0x0b, 0x0c), /^Malformed: a field of wire type 3$/)
})
