/** A primary that gets a transfer wrong is told of with its address, and nothing that was known is lost. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { toKey } from '#src/dns/name.ts'
import { readZone } from '#src/feeds/zones/axfr.ts'
import { queryMessage } from '#test/support/message.ts'
import { messageFrom, writeRecord } from '#test/support/records.ts'
import type { Asked } from '#test/support/upstream.ts'
import { until } from '#test/support/waiting.ts'
import { addressOf, notify, startPrimary, startSecondary, transfers, zone } from './primary.ts'

const VERSION = zone(2)
const [SOA] = VERSION as [string]

type Reply = (query: Buffer) => Buffer | readonly Buffer[]

/** A reply with these records, changed. */
const replyOf =
  (records: readonly string[], change: (message: Buffer) => void = () => {}): Reply =>
  query => {
    const message = messageFrom(query, records)
    change(message)
    return message
  }

/** A reply whose last record, before the SOA record at the end, has these octets. */
const withRecord =
  (octets: Buffer): Reply =>
  query => {
    const whole = messageFrom(query, [...VERSION, SOA])
    const soa = writeRecord(SOA)
    const message = Buffer.concat([whole.subarray(0, -soa.length), octets, soa])
    message.writeUInt16BE(VERSION.length + 2, 6)
    return message
  }

const recordOf = (line: string, change: (record: Buffer) => void): Buffer => {
  const record = writeRecord(line)
  change(record)
  return record
}

const FAULTS: readonly (readonly [name: string, reply: Reply, told: string | RegExp])[] = [
  ['another id', replyOf([...VERSION, SOA], message => message.writeUInt16BE(message.readUInt16BE(0) ^ 1, 0)), 'a reply with another id'],
  ['a query', replyOf([...VERSION, SOA], message => message.writeUInt8(0, 2)), 'a message that is not a reply'],
  ['another opcode', replyOf([...VERSION, SOA], message => message.writeUInt8(0xa0, 2)), 'a message that is not a reply'],
  ['a refusal', query => messageFrom(query, [], { rcode: 5 }), 'rcode was "REFUSED"'],
  ['a reply that is cut off', replyOf([...VERSION, SOA], message => message.writeUInt8(0x82, 2)), 'a reply that is cut off'],
  ['another question', query => { const message = messageFrom(query, [...VERSION, SOA]); message[13]! ^= 1; return message }, 'a reply to another question'],
  ['another type', query => { const message = messageFrom(query, [...VERSION, SOA]); message.writeUInt16BE(251, 25); return message }, 'a reply to another question'],
  ['no records', replyOf([]), 'a reply without records'],
  ['no SOA record at the beginning', replyOf([...VERSION.slice(1), SOA]), 'the first record is not the SOA record of the zone'],
  ["another zone's SOA record", replyOf(['example.net. 60 IN SOA a. b. 1 2 3 4 5']), 'the first record is not the SOA record of the zone'],
  ['another SOA record at the end', replyOf([...VERSION, zone(3)[0]!]), 'the SOA record at the end is another one than at the beginning'],
  ['a record behind the end', replyOf([...VERSION, SOA, 'a.example.org. 60 IN A 192.0.2.1']), 'a record behind the last SOA record'],
  ['more in a message than it says', query => [Buffer.of(1, 2, 3), messageFrom(query)], 'a message shorter than a header'],
  ['a record that is cut off', replyOf([...VERSION, SOA], message => message.writeUInt16BE(9, 6)), /name runs over the end of the message/],
  ['a record that runs over the end', withRecord(recordOf('a.example.org. 60 IN TXT x', record => record.writeUInt16BE(60_000, 23))), /runs over the end/],
  ['an address of three octets', withRecord(Buffer.concat([writeRecord('a.example.org. 60 IN A 192.0.2.1').subarray(0, -6), Buffer.of(0, 3, 1, 2, 3)])), /data of a record at octet \d+ are not what its type has/],
  ['a text that runs over its data', withRecord(writeRecord('a.example.org. 60 IN TYPE35 \\# 6 010000000500')), /name runs over|cut off|not what its type has/],
  ['a name that points to itself', withRecord(Buffer.concat([Buffer.of(0xcf, 0xff), writeRecord('. 60 IN A 192.0.2.1').subarray(1)])), /compression pointer at octet \d+ does not point backward/],
  ['a name that is longer than its data', withRecord(recordOf('a.example.org. 60 IN NS a.example.org.', record => record.writeUInt16BE(2, 23))), /runs over their end/],
  ['a record of another class', withRecord(writeRecord('a.example.org. 60 CH A 192.0.2.1')), 'class CH in a zone of class IN'],
  ['records of NSEC3', withRecord(writeRecord('a.example.org. 60 IN TYPE51 \\# 5 0100000000')), /NSEC3PARAM records are not supported/],
] // biome-ignore format: a table

suite('a transfer with', { concurrency: 10 }, () => {
  for (const [name, reply, told] of FAULTS)
    test(name, async () => {
      await using primary = await startPrimary()
      await using server = await startSecondary(primary)
      await server.waitForLine(/Transferred/)
      primary.zones['example.org.'] = VERSION
      primary.script = asked => (asked.type === 'AXFR' ? sent(reply(asked.message)) : transfers(primary.zones)(asked))
      await notify(server)
      const line = await server.waitForLine(/^\[WARNING\]/)
      const from = `[WARNING] plugin/secondary: All 'example.org.' primaries failed to transfer, retrying in `
      assert.ok(line.startsWith(from), line)
      const [, reason] = line.split(` s: ${primary.to}: `)
      if (typeof told === 'string') assert.equal(reason, told)
      else assert.match(reason!, told)
      assert.equal(await addressOf(server), '192.0.2.1')
      primary.script = transfers(primary.zones)
      await notify(server)
      await until(async () => (await addressOf(server)) === '192.0.2.2')
    })
})

async function* sent(messages: Buffer | readonly Buffer[]) {
  yield* [messages].flat()
}

suite('a connection that', () => {
  const failing = async (script: (asked: Asked) => AsyncGenerator<Buffer>, told: RegExp, timeout?: number) => {
    await using primary = await startPrimary()
    await using server = await startSecondary(primary)
    await server.waitForLine(/Transferred/)
    primary.zones['example.org.'] = VERSION
    primary.script = asked => (asked.type === 'AXFR' ? script(asked) : transfers(primary.zones)(asked))
    await notify(server)
    assert.match(await server.waitForLine(/^\[WARNING\]/, { timeout }), told)
    assert.equal(await addressOf(server), '192.0.2.1')
    primary.disconnect()
  }
  const begin = ({ message }: Asked) => messageFrom(message, VERSION)

  test('ends in the middle', async () => {
    await using primary = await startPrimary()
    await using server = await startSecondary(primary)
    await server.waitForLine(/Transferred/)
    primary.zones['example.org.'] = VERSION
    primary.script = asked => {
      if (asked.type !== 'AXFR') return transfers(primary.zones)(asked)
      return (async function* () {
        yield begin(asked)
        await nextTurn()
        primary.disconnect()
      })()
    }
    await notify(server)
    assert.match(await server.waitForLine(/^\[WARNING\]/), /: (the connection ended before the reply did|read ECONNRESET)$/)
    assert.equal(await addressOf(server), '192.0.2.1')
  })

  test('says nothing any more', { timeout: 20_000 }, () =>
    failing(
      async function* (asked) {
        yield begin(asked)
      },
      /: no answer within 5 s$/,
      8000,
    ),
  )

  test('brings messages in any pieces, of which the first alone has the question', async () => {
    await using primary = await startPrimary()
    primary.faults.octetByOctet = true
    primary.script = ({ message }) => {
      const bare = (records: readonly string[]) => {
        const reply = messageFrom(message, records)
        reply.writeUInt16BE(0, 4)
        return Buffer.concat([reply.subarray(0, 12), reply.subarray(12 + 17)])
      }
      return sent([messageFrom(message, [SOA]), bare(VERSION.slice(1)), bare([SOA])])
    }
    await using server = await startSecondary(primary)
    await server.waitForLine(/Transferred/)
    assert.equal(await addressOf(server), '192.0.2.2')
  })

  test('brings records that are not of the zone: they are left out', async () => {
    await using primary = await startPrimary({ 'example.org.': [...zone(1), 'www.example.net. 60 IN A 192.0.2.1'] })
    await using server = await startSecondary(primary, 'script')
    await server.waitForLine(/Transferred/)
    assert.equal(await addressOf(server), '192.0.2.1')
    assert.deepEqual((await server.query('www.example.net')).answer, [])
  })
})

suite('more than is taken', () => {
  const query = queryMessage('example.org.', 'AXFR')

  test('in octets', async () => {
    const long = messageFrom(query, [`a.example.org. 60 IN TYPE65400 \\# 60000 ${'00'.repeat(60_000)}`])
    let sent = 0
    async function* messages() {
      yield messageFrom(query, VERSION)
      for (; ; sent++) yield long
    }
    await assert.rejects(readZone(toKey('example.org'), messages()), /^RangeError: more than 67108864 octets$/)
    assert.ok(sent < 1200, `${sent} messages`)
  })

  test('in records', async () => {
    const many = messageFrom(
      query,
      Array.from({ length: 1500 }, () => 'a.example.org. 60 IN A 192.0.2.1'),
    )
    async function* messages() {
      yield messageFrom(query, VERSION)
      for (;;) yield many
    }
    await assert.rejects(readZone(toKey('example.org'), messages()), /^RangeError: more than 1000000 records$/)
  })
})
