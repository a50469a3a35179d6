import assert from 'node:assert/strict'
import { mkdtempDisposable, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { HostsFile } from '#plugins/hosts/file.ts'
import { HostTable } from '#plugins/hosts/table.ts'
import { toKey } from '#src/dns/name.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'

const table = () => new HostTable(new ZoneSet(['.']), true)

test('a long file is read in slices, between which the event loop turns', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'hosts-'))
  const path = join(folder.path, 'hosts')
  await writeFile(path, Array.from({ length: 50_000 }, (_, i) => `192.0.2.1 name-${i}.example.org`).join('\n'))
  const reading = new HostsFile(path).read(table)
  let [turns, done] = [0, false]
  const turn = () => {
    turns++
    if (!done) setImmediate(turn)
  }
  setImmediate(turn)
  const entries = (await reading)?.table.entries
  done = true
  assert.equal(entries, 100_000)
  assert.ok(turns >= 50, `${turns} turns`)
})

test('a file that is too long is an error, once', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'hosts-'))
  const path = join(folder.path, 'hosts')
  await writeFile(path, '')
  await truncate(path, (64 << 20) + 1)
  const file = new HostsFile(path)
  await assert.rejects(file.read(table), /longer than/)
  assert.equal(await file.read(table), undefined)
})

test('a line that is too long is skipped', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'hosts-'))
  const path = join(folder.path, 'hosts')
  await writeFile(path, `192.0.2.1 ${'name.example.org '.repeat(5000)}\n192.0.2.2 next.example.org`)
  const reading = await new HostsFile(path).read(table)
  assert.equal(reading?.bad?.line, 1)
  assert.deepEqual(reading?.table.addressesOf(toKey('name.example.org'), 4), [])
  assert.deepEqual(reading?.table.addressesOf(toKey('next.example.org'), 4), ['\xc0\x00\x02\x02'])
})
