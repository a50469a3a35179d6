/** What a real istiod was recorded to send. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Replay } from '#test/support/istiod/replay.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { until } from '#test/support/waiting.ts'
import { has, watchIstiod } from './watching.ts'

const HEADLESS = 'mysql.data.svc at 10.1.1.1 (mysql-0)'
const WILD = '*.wild.example. vips 9.9.9.10 at 1.2.3.5'
const VIP = 'vip.example. vips 9.9.9.9 at 1.2.3.4'
const AUTO = 'auto.example. vips 240.240.0.1 2001:2::1 elsewhere'
const HIDDEN = 'hidden.priv.svc vips 10.96.0.77'
const backend = (...pods: readonly number[]) =>
  ['backend.default.svc vips 10.96.0.10', ...pods.map(pod => `at 10.1.0.${pod}`)].join(' ')

const CHANGES: readonly (readonly [change: RegExp, added: readonly string[]])[] = [
  [/backend-2 becomes not ready/, [backend(1)]],
  [/backend-2 becomes ready/, [backend(1, 2)]],
  [/backend-9 .* joins/, [backend(1, 2, 9)]],
  [/backend-9 leaves/, [backend(1, 2)]],
  [/none.example .* is created/, [backend(1, 2), 'none.example. elsewhere']],
  [/late .* is created/, [backend(1, 2), 'none.example. elsewhere', 'late.default.svc vips 10.96.0.99']],
  [/late is deleted/, [backend(1, 2), 'none.example. elsewhere']],
  [/none.example is deleted/, [backend(1, 2)]],
]

suite('a recorded stream is followed from change to change, and every response is accepted', () => {
  for (const [scenario, always] of [
    ['wds', [HEADLESS, WILD, VIP, AUTO, HIDDEN]],
    ['nds-cds-eds', [HEADLESS, WILD, VIP, AUTO]],
  ] as const) {
    test(scenario, async () => {
      await using istiod = await TestIstiod.start()
      const replay = new Replay(istiod, scenario)
      await using watched = watchIstiod([istiod.address], { mode: scenario === 'wds' ? 'wds' : 'eds' })
      const hasAll = (hosts: readonly string[]) => has(watched, ...[...always, ...hosts].sort())
      await watched.until(() => watched.feed.complete)
      await hasAll([backend(1, 2)])
      for (const [change, hosts] of CHANGES) {
        await until(() => replay.settled)
        assert.match(replay.change!, change)
        replay.next()
        await hasAll(hosts)
      }
      await until(() => replay.settled)
      assert.equal(replay.change, undefined)
      assert.deepEqual(
        istiod.requests.filter(({ refusal }) => refusal !== ''),
        [],
      )
      assert.deepEqual(watched.log, [])
    })
  }
})
