import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Frames } from '#src/dns/frames.ts'

const MESSAGES = [Buffer.from('abc'), Buffer.alloc(0), Buffer.alloc(65_535, 7), Buffer.from('d')]
const STREAM = Buffer.concat(MESSAGES.flatMap(message => [Buffer.of(message.length >> 8, message.length & 255), message]))

for (const size of [1, 2, 3, 5, 1000, 65_537, STREAM.length])
  test(`messages are whole, whatever pieces they come in: of ${size} octets`, () => {
    const frames = new Frames()
    const messages: Buffer[] = []
    for (let at = 0; at < STREAM.length; at += size) messages.push(...frames.add(STREAM.subarray(at, at + size)))
    assert.deepEqual(messages, MESSAGES)
  })
