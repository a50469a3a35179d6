import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LengthFrames, LineFrames } from '#src/feeds/kubernetes/frames.ts'

const frames = ['one', '', 'x'.repeat(3000), 'last']
const cases = [
  { name: 'lines', make: () => new LineFrames(), octets: Buffer.from(`${frames.join('\n')}\n`) },
  {
    name: 'lengths',
    make: () => new LengthFrames(),
    octets: Buffer.concat(
      frames.flatMap(frame => {
        const length = Buffer.alloc(4)
        length.writeUInt32BE(frame.length)
        return [length, Buffer.from(frame)]
      }),
    ),
  },
]

for (const { name, make, octets } of cases) {
  for (const size of [1, 2, 3, 5, 7, 1000, octets.length]) {
    test(`${name}: frames are whole whatever the pieces they come in (${size})`, () => {
      const cutter = make()
      const found: string[] = []
      for (let at = 0; at < octets.length; at += size)
        for (const frame of cutter.split(octets.subarray(at, at + size))) found.push(`${frame}`)
      assert.deepEqual(found, frames)
      assert.deepEqual([...cutter.split(octets.subarray(0, 3))].map(String), [])
    })
  }
}

test('a frame that is longer than any object is refused before it is there', () => {
  assert.throws(() => [...new LengthFrames().split(Buffer.from([0x7f, 0, 0, 0, 1]))], /an event of/)
  const lines = new LineFrames()
  assert.throws(() => {
    for (let i = 0; i < 40; i++) [...lines.split(Buffer.alloc(1 << 20, 'x'))]
  }, /an event of more than 32 MiB/)
})
