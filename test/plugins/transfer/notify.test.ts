import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { RCODE } from '#src/dns/codes.ts'
import { readMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { messageFrom } from '#test/support/records.ts'
import { startServer } from '#test/support/server.ts'
import { type Asked, type FakeUpstream, startUpstream } from '#test/support/upstream.ts'
import { serve, zone } from './serving.ts'

const accept = ({ message }: Asked) => messageFrom(message)
const zonesTold = ({ seen }: FakeUpstream) => seen.map(({ name }) => name)

test('a server is told of each zone at the start, and of each new version', async () => {
  await using secondary = await startUpstream(accept)
  await using served = await serve(
    { db: zone(1), other: zone(1, 1, 'example.net.') },
    `file db example.org {\n reload 20ms\n}\nfile other example.net\ntransfer example.org example.net {\n to ${secondary.to} *\n source 127.0.0.2\n}`,
  )
  await secondary.saw(2)
  assert.deepEqual(zonesTold(secondary).sort(), ['example.net.', 'example.org.'])
  const [first] = secondary.seen
  const { opcode, flags, question, answer } = readMessage(first!.message)
  assert.deepEqual([opcode, flags, question, answer], [4, 'aa', `${first!.name} IN SOA`, []])
  assert.deepEqual([first!.transport, first!.address], ['udp', '127.0.0.2'])

  await writeFile(join(served.folder, 'db'), zone(2))
  await secondary.saw(3)
  assert.deepEqual(zonesTold(secondary).slice(2), ['example.org.'])
  await writeFile(join(served.folder, 'db'), `${zone(3)}www A\n`)
  await served.server.waitForLine(/Parsing/)
  await writeFile(join(served.folder, 'db'), zone(4))
  await secondary.saw(4)
  assert.ok(!served.server.lines.some(line => line.includes('not accepted')))
})

test('the servers are those of the longest zone', async () => {
  await using parent = await startUpstream(accept)
  await using child = await startUpstream(accept)
  await using served = await serve(
    { db: zone(1), sub: zone(1, 1, 'a.example.org.'), none: zone(1, 1, 'example.net.') },
    `file db example.org\nfile sub a.example.org\nfile none example.net
     transfer example.org {\n to ${parent.to}\n}\ntransfer a.example.org {\n to ${child.to}\n}`,
  )
  await Promise.all([parent.saw(1), child.saw(1)])
  // A reload tells them again, and whatever else was to be told would have come before.
  await served.server.server.reload()
  await Promise.all([parent.saw(2), child.saw(2)])
  assert.deepEqual(
    [zonesTold(parent), zonesTold(child)],
    [
      ['example.org.', 'example.org.'],
      ['a.example.org.', 'a.example.org.'],
    ],
  )
})

test('what does not accept is told three times, which the log then tells', { timeout: 20_000 }, async () => {
  let asked = 0
  await using silent = await startUpstream(() => undefined)
  await using refusing = await startUpstream(({ message }) => messageFrom(message, [], { rcode: RCODE.REFUSED }))
  await using late = await startUpstream(question => (++asked < 3 ? undefined : accept(question)))
  await using confused = await startUpstream(({ message }) => {
    const other = Buffer.from(message)
    other.writeUInt16BE(message.readUInt16BE(0) ^ 1, 0)
    return messageFrom(other)
  })
  const gone = await freePort()
  const ports = [silent, refusing, late, confused].map(({ port }) => port).concat(gone)
  await using served = await serve(
    { db: zone(1) },
    `file db example.org\ntransfer example.org {\n to ${ports.map(port => `127.0.0.1:${port}`).join(' ')}\n}`,
  )
  const lines = await Promise.all(
    [silent.port, refusing.port, confused.port, gone].map(port =>
      served.server.waitForLine(new RegExp(`not accepted by 127\\.0\\.0\\.1 port ${port}`), { timeout: 10_000 }),
    ),
  )
  const outcomes = ['no answer', 'rcode was "REFUSED"', 'no answer', /ECONNREFUSED/]
  for (const [i, outcome] of outcomes.entries())
    assert.match(lines[i]!, typeof outcome === 'string' ? new RegExp(`: ${outcome}$`) : outcome)
  assert.match(lines[0]!, /^\[WARNING\] plugin\/transfer: notify for zone "example\.org\." was not accepted by /)
  assert.deepEqual(
    [silent, refusing, late, confused].map(({ seen }) => seen.length),
    [3, 3, 3, 3],
  )
  assert.equal(served.server.lines.filter(line => line.includes('not accepted')).length, 4)
})

test('with several threads, a server is told once', async () => {
  await using secondary = await startUpstream(accept)
  await using server = await startServer(
    `.:0 {\n multisocket 2\n file db example.org {\n reload 20ms\n}\n transfer example.org {\n to ${secondary.to}\n}\n}\n`,
    { files: { db: zone(1) } },
  )
  await secondary.saw(1)
  await writeFile(join(server.folder, 'db'), zone(2))
  await secondary.saw(2)
  await writeFile(join(server.folder, 'db'), zone(3))
  await secondary.saw(3)
  assert.equal(secondary.seen.length, 3)
})
