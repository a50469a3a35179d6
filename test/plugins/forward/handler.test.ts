import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { forward } from '#plugins/forward/index.ts'
import { Directive } from '#src/corefile/directive.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import { toKey } from '#src/dns/name.ts'
import { hashOf } from '#src/dns/name-hash.ts'
import { Query } from '#src/dns/query.ts'
import { failure, type Reply } from '#src/dns/reply.ts'
import { Metrics } from '#src/metrics.ts'
import type { ServerBlock } from '#src/plugin.ts'
import { connectUdp } from '#src/transport/udp.ts'
import { queryMessage } from '#test/support/message.ts'
import { delayed, silence, zone } from '#test/support/scripts.ts'
import { type FakeUpstream, startUpstream } from '#test/support/upstream.ts'

function create({ to }: FakeUpstream) {
  const { entries } = parseCorefile(`. {\nforward . ${to} {\nread_timeout 250ms\n}\n}\n`, 'Corefile').blocks[0]!
  const block = {
    server: { metrics: new Metrics(), udp: async () => connectUdp },
    root: '',
    taps: [],
    credentials: () => ({}),
    log: () => pino({ level: 'silent' }),
  } as unknown as ServerBlock
  return forward.create(forward.parse(new Directive('forward', ['.'], entries)), block)
}

function makeQuery(name: string): Query {
  const message = queryMessage(name, 'A')
  const client = { address: '192.0.2.1', port: 1, family: 4 } as const
  const listener = { label: 'dns://:53', address: '', port: 53 }
  const key = toKey(name)
  const fields = {
    key,
    hash: hashOf(key),
    type: 1,
    class: 1,
    edns: undefined,
    client,
    transport: 'udp',
    listener,
    received: 0,
  } as const
  return new Query({ message, questionEnd: message.length, ...fields })
}

test('stop lets what is under way end, then closes every socket', async () => {
  await using upstream = await startUpstream(delayed(100, zone('web.example.org. 300 IN A 192.0.2.1')))
  const instance = create(upstream)
  await instance.start!(new AbortController().signal)
  const handler = instance.wrap!(() => failure('not for forward'))
  const reply = handler(makeQuery('web.example.org.'))
  const stopped = instance.stop!()
  assert.equal((await reply).rcode, 0)
  await stopped
  assert.deepEqual(
    process.getActiveResourcesInfo().filter(resource => resource === 'Timeout'),
    [],
  )
})

test('stop ends health checks', async () => {
  await using upstream = await startUpstream(silence)
  const instance = create(upstream)
  await instance.start!(new AbortController().signal)
  assert.equal((await instance.wrap!(() => failure('not for forward'))(makeQuery('web.example.org.'))).rcode, 2)
  await upstream.saw(3)
  await instance.stop!()
  assert.deepEqual(
    process.getActiveResourcesInfo().filter(resource => resource === 'Timeout'),
    [],
  )
})

test('each who waits gets a reply of its own, over sections that are shared', async () => {
  await using upstream = await startUpstream(delayed(50, zone('web.example.org. 300 IN A 192.0.2.1')))
  const instance = create(upstream)
  await instance.start!(new AbortController().signal)
  const handler = instance.wrap!(() => failure('not for forward'))
  const ask = () => handler(makeQuery('web.example.org.')) as PromiseLike<Reply>
  const [first, second] = await Promise.all([ask().then(reply => Object.assign(reply, { ttl: 7 })), ask()])
  assert.deepEqual([first.ttl, second.ttl], [7, undefined])
  assert.notEqual(first, second)
  assert.equal(first.sections, second.sections)
  await instance.stop!()
})
