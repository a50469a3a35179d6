import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUpstreamReply } from '#src/forwarding/reply.ts'
import { queryMessage } from '#test/support/message.ts'
import { writeName } from '#test/support/names.ts'
import { Random, SEED } from '#test/support/random.ts'
import { lines, messageFrom, writeRecord } from '#test/support/records.ts'

/** Its header and question, and what is kept of its records. */
function kept(message: Buffer): Buffer {
  const { sections } = readUpstreamReply(message)
  const whole = Buffer.concat([message.subarray(0, sections.base), sections.bytes])
  for (const [i, count] of [sections.answers, sections.authorities, sections.additionals].entries())
    whole.writeUInt16BE(count, 6 + 2 * i)
  return whole
}

/** A message with one additional record more. */
function withMore(message: Buffer, record: Buffer): Buffer {
  const longer = Buffer.concat([message, record])
  longer.writeUInt16BE(longer.readUInt16BE(10) + 1, 10)
  return longer
}

test(`whatever is compressed is the same, and never longer, seed ${SEED}`, () => {
  const random = new Random(SEED)
  const name = () => {
    const labels = Array.from({ length: random.below(5) }, () => random.one('a', 'A', 'b', 'Example', 'example', 'x'.repeat(55)))
    return `${[...labels, random.one('org', 'Org', 'net')].join('.')}.`
  }
  const data = {
    A: () => '192.0.2.1',
    NS: name,
    CNAME: name,
    PTR: name,
    DNAME: name,
    MX: () => `10 ${name()}`,
    SRV: () => `1 2 3 ${name()}`,
    SOA: () => `${name()} ${name()} 1 2 3 4 5`,
    TXT: () => `"${'t'.repeat(random.below(200))}"`,
  }
  const record = () => {
    const type = random.one(...(Object.keys(data) as (keyof typeof data)[]))
    return `${name()} ${random.below(1000)} IN ${type} ${data[type]()}`
  }
  const records = () => Array.from({ length: 1 + random.below(12) }, record)
  for (let i = 0; i < 500; i++) {
    const options = { authority: records(), additional: records() }
    const message = messageFrom(queryMessage(name(), 'A', {}), records(), options)
    const once = kept(message)
    assert.deepEqual(lines(once), lines(message))
    assert.ok(once.length <= message.length)
    // Compressed but for its last record.
    const mixed = withMore(once, writeRecord(record()))
    const twice = kept(mixed)
    assert.deepEqual(lines(twice), lines(mixed))
    assert.ok(twice.length <= mixed.length)
  }
})

test('what would be longer stays as it is: names that are compressed where they may not be', () => {
  const target = `${'target.'.repeat(20)}example.org.`
  const query = queryMessage('www.example.org.', 'SRV', {})
  let message = messageFrom(query, [`other.example.net. 60 IN SRV 0 0 80 ${target}`])
  const at = message.length - writeName(target).length
  const pointing = Buffer.from([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 8, 0, 0, 0, 0, 0, 80, 0xc0 | (at >> 8), at & 255])
  for (let i = 0; i < 30; i++) message = withMore(message, pointing)
  assert.deepEqual(kept(message), message)
})
