import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtobufReader } from '#src/protobuf-reader.ts'
import { FieldWriter, writeField } from '#src/protobuf-writer.ts'

const NUMBERS = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]

test('a number is read as it was written, in fields of any number', () => {
  for (const number of NUMBERS)
    for (const field of [1, 15, 16, 2000]) {
      const reader = new ProtobufReader(writeField(field, number))
      assert.deepEqual([reader.next(), reader.number(), reader.next()], [field << 3, number, 0])
    }
})

test('fields behind one another are those that are written one by one', () => {
  const writer = new FieldWriter(Buffer.alloc(1000))
  for (let round = 0; round < 2; round++) {
    for (const number of NUMBERS) writer.number(7, number)
    writer.octets(16, Buffer.from('octets'))
    writer.octets(3, Buffer.alloc(0))
    const expected = Buffer.concat([...NUMBERS.map(number => writeField(7, number)), writeField(16, 'octets'), writeField(3, '')])
    assert.deepEqual(Buffer.from(writer.take()), expected)
  }
  writer.fixed32(9, 0xfedcba98)
  assert.deepEqual([...writer.take()], [(9 << 3) | 5, 0x98, 0xba, 0xdc, 0xfe])
  assert.equal(writer.take().length, 0)
})
