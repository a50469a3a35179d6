/** What clients see is told in test/scenarios/cancel-ends-waiting.txt. */
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { cancel } from '#plugins/cancel/index.ts'
import { type Handler, type Query, Reply, type ServerBlock } from '#src/plugin.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const handler = (timeout: number, next: Handler) => cancel.create(timeout, {} as ServerBlock).wrap!(next)

test('what is there at once is handed on as it is', () => {
  const reply = new Reply(0)
  assert.equal(handler(1, () => reply)({} as Query), reply)
})

test('no timer outlives its query', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const clear = mock.method(globalThis, 'clearTimeout')
  const reply = new Reply(0)
  assert.equal(await handler(1000, async () => reply)({} as Query), reply)
  assert.equal(clear.mock.callCount(), 1)
  clear.mock.restore()
})

test('the failure says what Go says', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const waiting = handler(1000, () => new Promise(() => {}))({} as Query)
  t.mock.timers.tick(1000)
  assert.equal(String((await waiting).cause), 'Error: context deadline exceeded')
})

test('TIMEOUT is a duration over 0; the last one counts', () => {
  assert.equal(cancel.parse(directiveOf('cancel')), 5001)
  assert.equal(cancel.parse(directiveOf('cancel 1s\ncancel 1.5s')), 1500)
  for (const lines of ['cancel 0', 'cancel -1s', 'cancel 5', 'cancel 1s 1s', 'cancel {\n a\n}']) {
    refuses(cancel, lines)
  }
})
