import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ResponseFrames } from '#src/feeds/istiod/response-frames.ts'
import { writeField } from '#src/protobuf-writer.ts'

/** What is told of octets that come in pieces of this size. */
function told(octets: Buffer, size: number): string[] {
  const lines: string[] = []
  const frames = new ResponseFrames({
    field: (tag, reader) => lines.push(`${tag >> 3} ${(tag & 7) === 2 ? reader.text() : reader.number()}`),
    tooLarge: problem => lines.push(problem),
    end: octets => lines.push(`end ${octets}`),
  })
  for (let at = 0; at < octets.length; at += size) frames.take(octets.subarray(at, at + size))
  return lines
}

function frame(message: Buffer, flag = 0): Buffer {
  const head = Buffer.alloc(5, flag)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

const MESSAGES = Buffer.concat([
  frame(Buffer.concat([writeField(1, 'one'), writeField(2, 300), writeField(16, 'x'.repeat(300))])),
  frame(Buffer.alloc(0)),
  frame(writeField(1, 'two')),
])
const TOLD = ['1 one', '2 300', `16 ${'x'.repeat(300)}`, 'end 312', 'end 0', '1 two', 'end 5']

test('fields are told as they come, in whatever pieces', () => {
  for (const size of [1, 2, 3, 7, 64, 100, 1000]) assert.deepEqual(told(MESSAGES, size), TOLD, `${size}`)
})

test('a field of 64 MiB and more is passed over', () => {
  const large = writeField(2, Buffer.alloc((64 << 20) + 1))
  const octets = frame(Buffer.concat([writeField(1, 'before'), large, writeField(1, 'behind')]))
  assert.deepEqual(told(octets, 1 << 20), ['1 before', 'a resource of more than 64 MiB', '1 behind', `end ${octets.length - 5}`])
})

suite('what is no message', () => {
  for (const [title, octets, message] of [
    ['compressed', frame(writeField(1, 'one'), 1), /compressed/],
    ['a field longer than its message', frame(Buffer.from([0x0a, 5, 1])), /longer than its message/],
    [
      'a field longer than its message, in front of another one',
      Buffer.concat([frame(Buffer.from([0x0a, 5, 1])), MESSAGES]),
      /longer than its message/,
    ],
    ['a head that the message ends in', frame(Buffer.from([0x0a])), /longer than its message/],
    ['a length without end', frame(Buffer.alloc(20, 0xff)), /a number that does not end/],
    ['an unknown wire type', frame(Buffer.from([0x0b, 0, 0])), /wire type 3/],
  ] as const) {
    test(title, () => {
      for (const size of [1, 5, 100]) assert.throws(() => told(octets, size), { name: 'Malformed', message })
    })
  }
})
