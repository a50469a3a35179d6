import assert from 'node:assert/strict'
import { mkdtempDisposable, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { type Database, databases } from '#src/feeds/geoip/databases.ts'
import { FollowedDatabase, relayDatabase } from '#src/feeds/geoip/followed-database.ts'
import { createLogger } from '#src/log.ts'
import { asn, city } from '#test/plugins/geoip/data.ts'
import { until } from '#test/support/waiting.ts'

/** A database in a file of its own; `later` lets the time of its watch pass. */
async function opened(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const folder = await mkdtempDisposable(join(tmpdir(), 'geoip-'))
  t.after(() => folder[Symbol.asyncDispose]())
  const path = join(folder.path, 'db')
  await writeFile(path, city)
  const lines: string[] = []
  const log = createLogger('text', 'info', { write: line => lines.push(line.trimEnd()) })
  const database = await databases.open(log, path)
  const later = (isSo: () => boolean) =>
    until(() => {
      t.mock.timers.tick(5000)
      return isSo()
    })
  return { path, lines, log, database, later }
}

/** Waits for longer than a look takes, and the reading that may follow it. */
async function looked(): Promise<void> {
  for (let i = 0; i < 20; i++) await stat(tmpdir())
}

const subjectOf = ({ data }: Database) => data?.subject

test('another thread looks into the same memory, and into that of what comes later', async t => {
  const { path, log, database, later } = await opened(t)
  const { port1, port2 } = new MessageChannel()
  t.after(() => port2.close())
  const closed = new AbortController()
  const relayed = relayDatabase(path, port1, closed.signal)
  const followed = new FollowedDatabase(log, port2)
  await followed.caughtUp
  assert.equal(subjectOf(followed), 'place')
  // Only where it is the same memory, what is written to one is read from the other.
  new Uint8Array(database.data!.octets)[7] = 99
  assert.equal(new Uint8Array(followed.data!.octets)[7], 99)

  await writeFile(path, asn)
  await later(() => subjectOf(followed) === 'network')
  assert.equal(subjectOf(database), 'network')
  await databases.leave(database)
  assert.deepEqual(databases.all, [database])
  closed.abort()
  await relayed
  assert.deepEqual(databases.all, [])
})

test('a file that is no database is not read as a whole', async t => {
  const { path, log, database } = await opened(t)
  await writeFile(`${path}-huge`, '')
  // More than there is memory for. On the disk it takes none.
  await truncate(`${path}-huge`, 8e12)
  await assert.rejects(databases.open(log, `${path}-huge`), /db-huge: not a MaxMind database, or an incomplete one$/)
  await databases.leave(database)
})

test('a file that is being written, or gone for a while, is waited for', async t => {
  const { path, lines, database, later } = await opened(t)
  await writeFile(path, city.subarray(0, -300))
  await later(() => lines.length === 1)
  assert.match(lines[0]!, /\[ERROR\] the old database stays in use: \S+db: not a MaxMind database, or an incomplete one/)
  await rm(path)
  await later(() => lines.length === 2)
  assert.match(lines[1]!, /\[ERROR\] the old database stays in use: ENOENT/)
  assert.equal(subjectOf(database), 'place')
  await looked()
  await writeFile(path, asn)
  t.mock.timers.tick(5000)
  await looked()
  assert.equal(subjectOf(database), 'place')
  await later(() => subjectOf(database) === 'network')
  assert.match(lines[2]!, /\[INFO\] \S+db has changed, and was read again/)
  assert.equal(lines.length, 3)
  await databases.leave(database)
})
