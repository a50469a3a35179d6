/** CoreDNS transfers the same but for what the README tells, and another implementation takes what is transferred. */
import assert from 'node:assert/strict'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { OTHER, SIGNED, ZONE } from '#test/plugins/file/zones.ts'
import { askUdp } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { Knot, noKnot } from '#test/support/knot.ts'
import { queryMessage, readMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { messageFrom } from '#test/support/records.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { ixfrMessage, transfer } from '#test/support/zone-transfer.ts'
import { serve, zone } from './serving.ts'

const DB = ['example.org.', 'example.net.', 'signed.example.', 'a.example.net.'] as const

/** What a server says to a question that is asked over TCP: its records in any order, the first and the last one in their places. Where there is nothing to send but the SOA record, CoreDNS forgets AA. */
async function told(query: Buffer, port: number): Promise<unknown> {
  const messages = await transfer(query, { port })
  const { rcode, flags, question } = messages[0]!
  const records = messages.flatMap(({ answer }) => answer.map(line => line.toLowerCase()))
  return {
    rcode,
    flags: records.length === 1 ? undefined : flags,
    question,
    ends: [records[0], records.at(-1)],
    records: records.sort(),
  }
}

suite('CoreDNS transfers the same', { skip: noCoreDns() ?? false }, () => {
  test('to everybody, to some, and to nobody', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'transfer-'))
    // CoreDNS gives what $GENERATE makes another TTL.
    const files = [ZONE.replace(/^\$GENERATE.*\n/m, ''), OTHER, SIGNED, zone(3, 4000, 'a.example.net.')]
    for (const [i, text] of files.entries()) await writeFile(join(folder.path, `db${i}`), text)
    const lines = `root ${folder.path}\n${DB.map((origin, i) => `file db${i} ${origin}`).join('\n')}
      transfer example.org a.example.net {\n to *\n}
      transfer example.net {\n to 192.0.2.1 127.0.0.1:1\n}
      transfer signed.example {\n to 127.0.0.1:1\n}
      transfer example {\n to 192.0.2.1\n}`
    await using theirs = await CoreDns.start(`. {\n${lines}\n}\n`)
    await using ours = await startInProcess(lines)
    const names = [...DB, 'EXAMPLE.org.', 'www.example.org.', 'b.example.']
    const queries = names.flatMap(name => [
      queryMessage(name, 'AXFR'),
      queryMessage(name, 'IXFR'),
      ...[3, 7, 9].map(serial => ixfrMessage(name, serial)),
    ])
    for (const query of queries) assert.deepEqual(await told(query, ours.port), await told(query, theirs.port))
    for (const query of queries) {
      const [their, our] = await Promise.all([theirs, ours].map(({ port }) => askUdp(query, { port })))
      assert.deepEqual(readMessage(our!).rcode, readMessage(their!).rcode)
    }
  })

  test('tells others of its zones in the same words', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'transfer-'))
    await writeFile(join(folder.path, 'db'), zone(1))
    const messages: Buffer[] = []
    for (const start of [(lines: string) => CoreDns.start(`. {\n${lines}\n}\n`), startInProcess]) {
      await using secondary = await startUpstream(({ message }) => messageFrom(message))
      await using _server = await start(
        `root ${folder.path}\nfile db example.org\ntransfer example.org {\n to * ${secondary.to}\n source 127.0.0.3\n}`,
      )
      await secondary.saw(1)
      assert.equal(secondary.seen[0]!.address, '127.0.0.3')
      messages.push(secondary.seen[0]!.message.subarray(2))
    }
    assert.equal(messages[0]!.toString('hex'), messages[1]!.toString('hex'))
  })
})

test('knot takes a zone, and each new version as soon as it is told', { skip: noKnot() ?? false, timeout: 60_000 }, async () => {
  const port = await freePort()
  // It takes no zone with names below a DNAME record, which are nobody's (RFC 6672 §2.4).
  const db = ZONE.replace(/^below\.dname .*\n/m, '')
  await using served = await serve(
    { db },
    `file db example.org {\n reload 20ms\n}\ntransfer example.org {\n to 127.0.0.1:${port}\n}`,
  )
  await using knot = await Knot.start(
    `remote:
  - id: primary
    address: 127.0.0.1@${served.port}
acl:
  - id: notify
    address: 127.0.0.1
    action: notify
zone:
  - domain: example.org
    master: primary
    acl: notify
`,
    {},
    port,
  )
  const until = async (name: string, type: string, pattern: RegExp) => {
    for (const end = Date.now() + 30_000; ; ) {
      const { rcode, answer } = await knot.query(name, type)
      if (answer.some(line => pattern.test(line))) return
      assert.ok(Date.now() < end, `${rcode} ${answer}\n${knot.lines.join('\n')}`)
      await sleep(20)
    }
  }
  await until('example.org.', 'SOA', / 7 7200 /)
  for (const name of ['x.wild.example.org.', 'two.labels.deep.example.org.', 'gen003.example.org.'])
    assert.deepEqual((await knot.query(name, 'A')).answer, (await served.server.query(name)).answer)
  await writeFile(join(served.folder, 'db'), db.replace('hostmaster 7 ', 'hostmaster 8 ').replace('192.0.2.12', '192.0.2.112'))
  await until('two.labels.deep.example.org.', 'A', /192\.0\.2\.112$/)
})
