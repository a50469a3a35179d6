/** Whatever a primary sends, it is a zone that makes replies that are whole, or refused with a reason. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toKey } from '#src/dns/name.ts'
import { answersOf, readZone } from '#src/feeds/zones/axfr.ts'
import { ZONE } from '#test/plugins/file/zones.ts'
import { serve } from '#test/plugins/transfer/serving.ts'
import { assertAnswers } from '#test/src/zones/answering.ts'
import { queryMessage } from '#test/support/message.ts'
import { Random, SEED } from '#test/support/random.ts'
import { transfer } from '#test/support/zone-transfer.ts'

const ROUNDS = 500
const KEY = toKey('example.org')

/** One to three octets changed, or some put in or left out. */
function change(random: Random, message: Buffer): Buffer {
  let changed = Buffer.from(message)
  for (let i = random.below(3); i >= 0; i--) {
    const at = 6 + random.below(changed.length - 6)
    if (random.is(0.8)) changed[at] = random.one(random.below(256), changed[at]! ^ (1 << random.below(8)), 0, 0xc0, 0xff)
    else changed = Buffer.concat([changed.subarray(0, at), changed.subarray(at + random.below(3) - 1)])
  }
  return changed
}

test(`transfers that were right once, seed ${SEED}`, async () => {
  const random = new Random(SEED)
  // The tests read no CAA records without a tag, which would be made.
  const db = ZONE.replace(/^.* CAA .*\n/m, '')
  await using served = await serve({ db }, 'file db example.org\ntransfer example.org {\n to *\n}')
  const messages = (await transfer(queryMessage('example.org.', 'AXFR'), served)).map(({ raw }) => raw)
  async function* sent(all: readonly Buffer[]) {
    yield* all
  }
  const whole = await readZone(KEY, sent(messages))
  let accepted = 0
  for (let round = 0; round < ROUNDS; round++) {
    const at = random.below(messages.length)
    const changed = messages.with(at, change(random, messages[at]!))
    try {
      const zone = await readZone(KEY, sent(changed))
      accepted++
      assertAnswers(
        zone,
        changed.flatMap(message => [...answersOf(message)].map(({ owner }) => owner)),
        random,
      )
    } catch (error) {
      assert.ok(error instanceof Error && ['FormatError', 'RangeError'].includes(error.name), `${(error as Error).stack}`)
    }
  }
  assert.ok(whole.serial === 7 && accepted > ROUNDS / 20, `${accepted} of ${ROUNDS} were accepted`)
})
