import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { RCODE } from '#src/dns/codes.ts'
import { answer, Reply } from '#src/dns/reply.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import type { Handler, Instance } from '#src/plugin.ts'
import { fold, InFlight, type Stage } from '#src/server/chain.ts'
import { queryOf } from '#test/support/exchange.ts'

const query = queryOf('example.org')
const stage = (name: string, wrap?: Instance['wrap'], { waits = false, authoritative = false } = {}): Stage => ({
  name,
  word: { text: name, file: 'Corefile', line: 1, column: 1 },
  waits,
  authoritative,
  instance: wrap ? { wrap } : {},
})
const unbounded = () => new InFlight({ count: 0, limit: Number.POSITIVE_INFINITY }, () => {})

/** Folds stages whose errors are not expected. */
const chain = (...stages: readonly Stage[]): Handler => {
  const handler = fold(stages, unbounded(), (plugin, error) => assert.fail(`${plugin}: ${error}`))
  assert.ok(handler)
  return handler
}

const source = (name: string) => stage(name, () => () => answer(NO_RECORDS))

test('queries go down in the order of the stages, replies come up', () => {
  const way: string[] = []
  const passing = (name: string) =>
    stage(name, next => asked => {
      way.push(`${name} down`)
      const reply = next(asked)
      way.push(`${name} up`)
      return reply
    })
  const reply = chain(passing('a'), passing('b'), source('c'))(query)
  assert.ok(reply instanceof Reply)
  assert.deepEqual(way, ['a down', 'b down', 'b up', 'a up'])
})

test('a chain that answers from memory is synchronous', () => {
  assert.ok(
    chain(
      stage('a', next => next),
      source('b'),
    )(query) instanceof Reply,
  )
})

test('wrap is called once for each stage, whatever is asked', () => {
  let calls = 0
  const handler = chain(
    stage('a', next => {
      calls++
      return next
    }),
    source('b'),
  )
  for (let i = 0; i < 3; i++) handler(query)
  assert.equal(calls, 1)
})

test('plugins that handle no queries are passed over', () => {
  assert.equal((chain(stage('bind'), source('a'), stage('root'))(query) as Reply).plugin, 'a')
  assert.equal(
    fold([], unbounded(), () => {}),
    undefined,
  )
  assert.equal(
    fold([stage('bind')], unbounded(), () => {}),
    undefined,
  )
})

test('a reply is signed by the plugin that made it', async () => {
  const wrapper = stage('wrapper', next => next)
  assert.equal((chain(wrapper, source('source'))(query) as Reply).plugin, 'source')
  const waiting = stage('waiting', () => async () => answer(NO_RECORDS))
  assert.equal((await chain(wrapper, waiting)(query)).plugin, 'waiting')
  const other = stage('other', next => asked => {
    next(asked)
    return answer(NO_RECORDS)
  })
  assert.equal((chain(other, source('source'))(query) as Reply).plugin, 'other')
})

test('the end of the chain is SERVFAIL with the reason that CoreDNS gives', () => {
  const reply = chain(
    stage('first', next => next),
    stage('last', next => next),
  )(query) as Reply
  assert.equal(reply.rcode, RCODE.SERVFAIL)
  assert.equal(reply.cause, 'plugin/last: no next plugin found')
})

test('the end of the chain is REFUSED behind an authority, where nobody else is asked', () => {
  const pass: Instance['wrap'] = next => next
  const authority = stage('authority', pass, { authoritative: true })
  const reply = chain(authority, stage('last', pass))(query) as Reply
  assert.deepEqual([reply.rcode, reply.cause], [RCODE.REFUSED, undefined])
  assert.equal((chain(authority, stage('last', pass, { waits: true }))(query) as Reply).rcode, RCODE.SERVFAIL)
})

const boom = new Error('boom')
const throws: readonly (readonly [name: string, wrap: NonNullable<Instance['wrap']>])[] = [
  [
    'at once',
    () => () => {
      throw boom
    },
  ],
  ['later', () => () => Promise.reject(boom)],
  [
    'after the answer came up',
    next => async asked => {
      await next(asked)
      throw boom
    },
  ],
]

for (const [name, wrap] of throws) {
  test(`what a plugin throws ${name} arrives above as SERVFAIL with its cause`, async () => {
    const thrown: unknown[] = []
    let above: Reply | undefined
    const watcher = stage('watcher', next => async asked => {
      above = await next(asked)
      return above
    })
    const handler = fold([watcher, stage('faulty', wrap), source('source')], unbounded(), (...args) => thrown.push(args))!
    const reply = await handler(query)
    assert.equal(reply, above)
    assert.deepEqual([reply.rcode, reply.cause, reply.plugin], [RCODE.SERVFAIL, boom, 'faulty'])
    assert.deepEqual(thrown, [['faulty', boom]])
  })
}

test('a throw is caught where it happens: plugins above may still answer', () => {
  const rescue = stage('rescue', next => asked => {
    const reply = next(asked)
    return reply instanceof Reply && reply.rcode === RCODE.SERVFAIL ? answer(NO_RECORDS) : reply
  })
  const faulty = stage('faulty', () => () => {
    throw boom
  })
  const reply = fold([rescue, faulty], unbounded(), () => {})!(query) as Reply
  assert.deepEqual([reply.rcode, reply.plugin], [RCODE.NOERROR, 'rescue'])
})

/** A stage that waits until the test lets it go on. */
function held() {
  const replies: PromiseWithResolvers<Reply>[] = []
  const wrap = () => () => {
    const reply = Promise.withResolvers<Reply>()
    replies.push(reply)
    return reply.promise
  }
  return { replies, stage: stage('held', wrap, { waits: true }) }
}

test('of the queries that wait, so many are let in; the next is refused, and let in when one is done', async () => {
  const total = { count: 0, limit: 2 }
  let refusals = 0
  const { replies, stage: waiting } = held()
  const inFlight = new InFlight(total, () => refusals++)
  const handler = fold([waiting], inFlight, () => {})!
  const [first, second] = [handler(query), handler(query)]
  assert.deepEqual([inFlight.count, total.count, refusals], [2, 2, 0])
  const third = handler(query) as Reply
  assert.equal(third.rcode, RCODE.SERVFAIL)
  assert.match(String(third.cause), /more than 2 queries in flight/)
  assert.deepEqual([refusals, replies.length], [1, 2])
  replies[0]!.resolve(answer(NO_RECORDS))
  replies[1]!.reject(boom)
  await Promise.all([first, second])
  await nextTurn()
  assert.deepEqual([inFlight.count, total.count], [0, 0])
  void handler(query)
  assert.equal(replies.length, 3)
})

test('the bound holds for all loaded Corefiles together, the count for each', () => {
  const total = { count: 0, limit: 2 }
  const [older, newer] = [new InFlight(total, () => {}), new InFlight(total, () => {})]
  const { replies, stage: waiting } = held()
  const [before, after] = [fold([waiting], older, () => {})!, fold([waiting], newer, () => {})!]
  void before(query)
  void after(query)
  assert.deepEqual([older.count, newer.count, total.count], [1, 1, 2])
  assert.ok(after(query) instanceof Reply)
  assert.equal(replies.length, 2)
})

test('what answers from memory, and what does not ask others, is never refused', () => {
  const full = new InFlight({ count: 0, limit: 0 }, () => {})
  assert.equal((fold([source('a')], full, () => {})!(query) as Reply).rcode, RCODE.NOERROR)
  const slow = stage('slow', () => async () => answer(NO_RECORDS))
  assert.ok(fold([slow], full, () => {})!(query) instanceof Promise)
})

test('a stage that looks at others is before each below it, and sees what they throw as replies', async () => {
  const way: string[] = []
  const around: Instance['around'] = (plugin, handler) => asked => {
    way.push(`${plugin} down`)
    const reply = handler(asked)
    assert.ok(reply instanceof Reply)
    way.push(`${plugin} ${reply.rcode}`)
    return reply
  }
  const watching = { ...stage('watching', next => next), instance: { wrap: (next: Handler) => next, around } }
  const failing = stage('failing', () => () => {
    throw new Error('of the test')
  })
  const above = stage('above', next => next)
  const below = stage('below', next => next)
  const handler = fold([above, watching, below, failing], unbounded(), () => {})!
  await handler(query)
  assert.deepEqual(way, ['below down', 'failing down', `failing ${RCODE.SERVFAIL}`, `below ${RCODE.SERVFAIL}`])
})
