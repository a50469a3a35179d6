import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameQueue } from '#plugins/dnstap/frame-queue.ts'
import { until } from '#test/support/waiting.ts'

function queueOf(limits = { frames: 1000, octets: 1 << 20 }) {
  const dropped: number[] = []
  const queue = new FrameQueue(limits, frames => dropped.push(frames))
  const add = (...parts: Buffer[]) => queue.admits() && queue.add(parts)
  return { queue, add, dropped }
}

/** The frames in these octets, without their lengths. */
function framesIn(octets: Uint8Array): string[] {
  const data = Buffer.from(octets)
  const frames: string[] = []
  for (let at = 0; at < data.length; ) {
    const end = at + 4 + data.readUInt32BE(at)
    assert.ok(end <= data.length, 'a frame that is not whole')
    frames.push(data.subarray(at + 4, end).toString())
    at = end
  }
  return frames
}

test('frames come whole and in order, of whatever length, each lot when the one before was taken', async () => {
  const { queue, add } = queueOf()
  const lengths = [1, 70_000, 3, 40_000, 40_000, 65_532, 5, 65_533, 0]
  const sent = lengths.map((length, i) => `${i}`.repeat(length))
  for (const text of sent) add(Buffer.from(text.slice(0, 2)), Buffer.from(text.slice(2)))
  const taken: string[] = []
  let lots = 0
  let underWay = 0
  queue.open(async (octets, count) => {
    assert.equal(++underWay, 1)
    const frames = framesIn(octets)
    assert.equal(frames.length, count)
    await new Promise(setImmediate)
    // The memory was left alone meanwhile.
    assert.deepEqual(framesIn(octets), frames)
    taken.push(...frames)
    underWay--
    lots++
    return true
  })
  const more = Array.from({ length: 500 }, (_, i) => `more ${i}`)
  for (const text of more) add(Buffer.from(text))
  await until(() => taken.length === sent.length + more.length)
  assert.ok(lots < 12, `${lots} lots`)
  assert.deepEqual(taken, [...sent, ...more])
})

test('what did not arrive is dropped, and what nobody takes at the end, each once', async () => {
  const { queue, add, dropped } = queueOf()
  const refused = Promise.withResolvers<boolean>()
  for (let i = 0; i < 3; i++) add(Buffer.from('lost'))
  queue.open(() => refused.promise)
  for (let i = 0; i < 4; i++) add(Buffer.from('left'))
  queue.close()
  const ended = queue.end()
  refused.resolve(false)
  await ended
  assert.deepEqual(dropped, [3, 4])
})

test('the newest is dropped where too many wait, or too much; what is under way counts', async () => {
  for (const limits of [
    { frames: 3, octets: 1 << 20 },
    { frames: 1000, octets: 3 * 14 },
  ]) {
    const { queue, add, dropped } = queueOf(limits)
    const taken: string[] = []
    const release = Promise.withResolvers<boolean>()
    for (let i = 0; i < 3; i++) add(Buffer.from(`0123456 ${i} `))
    queue.open(octets => {
      taken.push(...framesIn(octets))
      return release.promise
    })
    add(Buffer.from('too many'))
    assert.deepEqual(dropped, [1])
    release.resolve(true)
    await until(() => queue.admits())
    add(Buffer.from('again'))
    await queue.end()
    assert.deepEqual(taken, ['0123456 0 ', '0123456 1 ', '0123456 2 ', 'again'])
  }
})
