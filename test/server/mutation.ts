/** Messages that were right once: random, but the same for the same seed. */
import { optRecord, queryMessage } from '#test/support/message.ts'
import { writeName } from '#test/support/names.ts'
import type { Random } from '#test/support/random.ts'
import { messageFrom, writeRecord } from '#test/support/records.ts'

const withCount = (message: Buffer, at: number, count = 1): Buffer => {
  message.writeUInt16BE(count, at)
  return message
}

const TSIG = Buffer.concat([
  Buffer.of(0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 61),
  writeName('hmac-sha256.'),
  Buffer.alloc(8),
  Buffer.of(0, 32),
  Buffer.alloc(38),
])

/** Right messages, of every kind that clients send. */
export const messages: readonly Buffer[] = [
  queryMessage('www.example.org', 'A'),
  queryMessage('.', 'NS', { flags: 0 }),
  queryMessage(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(60)}`, 'TXT'),
  queryMessage('__proto__.example.org', 'AAAA', { edns: true }),
  queryMessage('www.example.org', 'A', { edns: { udpSize: 4096, dnssecOk: true, options: [[10, Buffer.alloc(8)], [3, Buffer.alloc(0)], [8, Buffer.of(0, 1, 24, 0, 192, 0, 2)]] } }), // biome-ignore format: one line
  queryMessage('www.example.org', 'A', { class: 3, edns: { options: [[10, Buffer.alloc(24)]] } }),
  Buffer.concat([withCount(queryMessage('example.org', 'IXFR'), 8), writeRecord('example.org. 0 IN SOA . . 1 0 0 0 0')]),
  Buffer.concat([withCount(queryMessage('www.example.org', 'A'), 10), TSIG]),
  Buffer.concat([withCount(queryMessage('www.example.org', 'A'), 10, 2), optRecord(), TSIG]),
  withCount(Buffer.concat([queryMessage('.', 'A').subarray(0, 12), optRecord({ options: [[10, Buffer.alloc(8)]] })]), 4, 0),
  queryMessage('example.org', 'SOA', { opcode: 4 }),
  messageFrom(queryMessage('www.example.org', 'A'), ['www.example.org. 300 IN A 192.0.2.1']),
].map(message => (message.readUInt16BE(4) === 0 ? withCount(message, 10) : message))

/** Octets that mean something: lengths, pointers, ends. */
const TELLING = [0, 1, 2, 10, 12, 41, 63, 64, 0x80, 0xc0, 0xfa, 0xff]

/** One to four changes to one of the messages: octets, pointers, counts, cuts, doublings, and pieces of other messages. */
export function mutate(random: Random): Buffer {
  let message = Buffer.from(random.one(...messages))
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(message.length + 1)
    const kind = random.below(8)
    if (kind === 0) message = message.subarray(0, at)
    else if (kind === 1)
      message = Buffer.concat([
        message.subarray(0, at),
        Buffer.from(Array.from({ length: 1 + random.below(8) }, () => random.below(256))),
        message.subarray(at),
      ])
    else if (kind === 2) message = Buffer.concat([message.subarray(0, at), message.subarray(at + 1 + random.below(8))])
    else if (kind === 3) message = Buffer.concat([message.subarray(0, at), random.one(...messages).subarray(random.below(32))])
    else if (at >= message.length) continue
    else if (kind === 4) message[at]! ^= 1 << random.below(8)
    else if (kind === 5) message[at] = random.one(...TELLING)
    else if (kind === 6 && message.length >= 12) message.writeUInt16BE(random.below(4), 4 + 2 * random.below(4))
    else if (kind === 7 && at + 1 < message.length) message.writeUInt16BE(0xc000 | random.below(message.length + 4), at)
  }
  return message
}
