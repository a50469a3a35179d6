/** Whatever a file holds, it is read or refused with its place, and what is read makes replies that are whole. */
import assert from 'node:assert/strict'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { MasterFile, MasterFileError } from '#src/dns/master-file/master-file.ts'
import { toKey } from '#src/dns/name.ts'
import { Zone } from '#src/zones/zone.ts'
import { SIGNED, ZONE } from '#test/plugins/file/zones.ts'
import { Random, SEED } from '#test/support/random.ts'
import { assertAnswers } from './answering.ts'

const ROUNDS = 300
const PIECES = ['\n', '\n ', ' ', '(', ')', '"', '\\', '\\000', '\\300', ';', '.', '..', '@', '*', '$', '$ORIGIN a\n', '$TTL x\n', '\0', '\xff', '-1', '4294967296', 'IN', 'CH', 'TYPE0', '\\# 1 00', 'A \\# 6 000000000000', 'x'.repeat(70), 'A 192.0.2.1', 'NS @', 'CNAME a', 'DNAME b', '* NS @\n'] // biome-ignore format: a table

/** One or two changes of a text: words put in the place of others, or pieces put in, cut out and doubled anywhere. */
function change(random: Random, text: string): string {
  let changed = text
  for (let i = random.below(2); i >= 0; i--) {
    if (random.is(0.7)) {
      const words = changed.split(/(\s+)/)
      const word = random.one(...words).trim() || 'a'
      changed = words.with(2 * random.below(words.length >> 1), word).join('')
    } else {
      const at = random.below(changed.length)
      const other = random.below(changed.length)
      const piece = random.one(random.one(...PIECES), '', changed.slice(other, other + random.below(40)))
      changed = changed.slice(0, at) + piece + changed.slice(at + random.one(0, random.below(12)))
    }
  }
  return changed
}

test(`files that were right once, seed ${SEED}`, async () => {
  const random = new Random(SEED)
  await using folder = await mkdtempDisposable(join(tmpdir(), 'file-'))
  const path = join(folder.path, 'db')
  let accepted = 0
  for (let round = 0; round < ROUNDS; round++) {
    const text = change(random, random.one(ZONE, SIGNED))
    await writeFile(path, text, 'latin1')
    const zone = new Zone(toKey('example.org'))
    const owners: string[] = []
    try {
      await new MasterFile(path).read(zone.key, record => {
        owners.push(record.owner)
        zone.add(record)
        return true
      })
      zone.complete()
    } catch (error) {
      if (error instanceof MasterFileError) assert.match(error.message, new RegExp(`^${path}:\\d+: .`))
      else assert.match((error as Error).message, /^no SOA record/)
      continue
    }
    accepted++
    assertAnswers(zone, owners, random)
  }
  assert.ok(accepted > ROUNDS / 10, `${accepted} of ${ROUNDS} were accepted`)
})
