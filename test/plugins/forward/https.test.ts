import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpsPool } from '#plugins/forward/https.ts'
import { TYPE } from '#src/dns/codes.ts'
import { ROOT } from '#src/dns/name.ts'
import { Question } from '#src/forwarding/question.ts'

test('queries that cannot even be sent do not count as in flight', () => {
  const settings = { to: '192.0.2.1:443', authority: 'a^b:443', method: 'POST', expire: 10_000, readTimeout: 2000 } as const
  const pool = new HttpsPool(settings, () => assert.fail('nothing is dialled'))
  const exchange = {
    question: Question.make(ROOT, TYPE.NS, 0),
    sentAt: 0,
    id: 0,
    edns: false,
    padded: false,
    waiting: true,
    answered: () => assert.fail('it was answered'),
    failed: (error: Error) => assert.fail(error.message),
    doubted: () => assert.fail('it was doubted'),
  }
  for (let i = 0; i < 200; i++) assert.throws(() => pool.ask(exchange), { code: 'ERR_INVALID_URL' })
})
