/** Responses that cannot be accepted: refused with the reason, told in one line, and what was known stays. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { TYPE_URLS, type TypeName } from '#src/feeds/istiod/types.ts'
import { writeField } from '#src/protobuf-writer.ts'
import type { HostRecord } from '#src/registry/record.ts'
import {
  assignment,
  cluster,
  nameTable,
  type Resource,
  wdsService,
  workload,
  writeResponse,
} from '#test/support/istiod/resources.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { until } from '#test/support/waiting.ts'
import { has, watchIstiod } from './watching.ts'

const WEB = 'web.default.svc.cluster.local'
const ONE = 'web.default.svc vips 10.96.0.1 at 10.0.0.1'
const NAMES = { [WEB]: [['10.96.0.1'], 'web', 'default'] } as const

async function startIstiod(ambient: boolean): Promise<TestIstiod> {
  const istiod = await TestIstiod.start({ ambient })
  istiod.hold('WDS', [
    wdsService('default', 'web', { vips: ['10.96.0.1'] }),
    workload('default', 'web-0', { addresses: ['10.0.0.1'], services: [`default/${WEB}`] }),
  ])
  istiod.hold('NDS', [nameTable(NAMES)])
  istiod.hold('CDS', [cluster(80, WEB)])
  istiod.hold('EDS', [assignment(80, WEB, [{ address: '10.0.0.1' }])])
  return istiod
}

const bad = (name: string, value: Buffer): Resource => ({ name, value })
/** A workload with an address of so many octets. */
const withAddress = (size: number) => writeField(1, writeField(3, Buffer.alloc(size)))
const anything = Buffer.from([0xff, 0xff, 0xff])

suite('a resource of no use leaves what it said before, and the rest of the response counts', () => {
  for (const [title, type, resources, reason] of [
    ['octets that are nothing', 'WDS', [bad('Kubernetes//Pod/default/web-0', anything)], /web-0: /],
    [
      'neither a workload nor a service',
      'WDS',
      [bad('Kubernetes//Pod/default/web-0', Buffer.alloc(0))],
      /neither a workload nor a service/,
    ],
    ['an address of five octets', 'WDS', [bad('Kubernetes//Pod/default/web-0', withAddress(5))], /an address of 5 octets/],
    ['an absurd host', 'WDS', [wdsService('default', 'odd', { host: 'a..b' })], /"a..b" has an empty label/],
    ['a host with a space', 'WDS', [wdsService('default', 'odd', { host: 'a b' })], /"a b" is not a host name/],
    ['a host that is too long', 'WDS', [wdsService('default', 'odd', { host: 'x.'.repeat(150) })], /is longer than 255 octets/],
    ['octets that are nothing', 'EDS', [bad(`outbound|80||${WEB}`, anything)], /outbound\|80/],
    [
      'an endpoint that is nowhere',
      'EDS',
      [assignment(80, WEB, [{ address: '10.0.0.1' }, { address: 'no where' }])],
      /"no where" is not a host name/,
    ],
    ['a name table of octets', 'NDS', [bad('', anything)], /a number that does not end/],
    [
      'a name table with absurd names',
      'NDS',
      [nameTable({ ...NAMES, 'a b': [['10.0.0.2']], 'x..y': [['10.0.0.3']] })],
      /"a b" is not a host name; "x..y" has an empty label/,
    ],
    [
      'a name table with an address that is none',
      'NDS',
      [nameTable({ ...NAMES, 'odd.example': [['10.0.0']] })],
      /"10.0.0" is no address/,
    ],
    ['a cluster of a host that is no name', 'CDS', [cluster(80, 'odd.*.example')], /"odd.[*].example" is not a host name/],
    ['a cluster of octets', 'CDS', [bad(`outbound|80||${WEB}`, anything)], /outbound\|80/],
    [
      'more problems than are told',
      'WDS',
      Array.from({ length: 9 }, (_, i) => bad(`w-${i}`, Buffer.alloc(0))),
      /w-0: .*w-2: .*; and 6 more/,
    ],
  ] as readonly (readonly [title: string, type: TypeName, resources: readonly Resource[], reason: RegExp])[]) {
    test(`${type}: ${title}`, async () => {
      await using istiod = await startIstiod(type === 'WDS')
      await using watched = watchIstiod([istiod.address])
      await has(watched, ONE)
      istiod.push(type, resources)
      await until(() => istiod.requests.some(({ refusal }) => reason.test(refusal)))
      await watched.until(() => watched.log.length > 0)
      assert.match(
        watched.log.join('\n'),
        new RegExp(`^\\[WARNING\\] istiod \\S+: ${type}: not accepted, what was known stays: .*${reason.source}.*$`),
      )
      assert.ok(watched.hosts.includes(ONE))
      assert.deepEqual(watched.removed, [])
      const { nacks } = watched.feed.traffic!.find(traffic => traffic.type === type)!
      assert.deepEqual([nacks, watched.feed.rejected], [1, 1])
      if (type !== 'WDS') return
      istiod.push('WDS', [wdsService('default', 'after')])
      await watched.until(() => watched.hosts.includes('after.default.svc'))
    })
  }
})

test('a fault that every response has is told once, and counted each time', async () => {
  await using istiod = await startIstiod(false)
  await using watched = watchIstiod([istiod.address])
  await has(watched, ONE)
  const nacks = () => watched.feed.traffic!.find(({ type }) => type === 'NDS')!.nacks
  for (const [count, odd] of [
    [1, 'a b'],
    [2, 'a b'],
    [3, 'c d'],
  ] as const) {
    istiod.push('NDS', [nameTable({ ...NAMES, [odd]: [['10.0.0.2']] })])
    await watched.until(() => nacks() === count)
  }
  assert.deepEqual(
    watched.log.map(line => /stays: (.*)/.exec(line)?.[1]),
    ['"a b" is not a host name', '"c d" is not a host name'],
  )
})

for (const ambient of [true, false]) {
  test(`${ambient ? 'WDS' : 'EDS'}: a host that Istio takes, and that no name matches, is no fault`, async () => {
    await using istiod = await startIstiod(ambient)
    const host = '*-dev.example.com'
    istiod.hold('WDS', [wdsService('default', 'dev', { host, vips: ['192.0.2.1'] })])
    istiod.hold('NDS', [nameTable({ ...NAMES, [host]: [['192.0.2.1']] })])
    istiod.hold('CDS', [cluster(80, host)])
    await using watched = watchIstiod([istiod.address])
    await watched.until(() => watched.feed.complete)
    assert.deepEqual([watched.hosts, watched.log], [[ONE], []])
  })
}

test('a cluster of a million endpoints is refused, and one of many thousand is not', async () => {
  await using istiod = await startIstiod(false)
  await using watched = watchIstiod([istiod.address])
  await has(watched, ONE)
  const endpoint = writeField(2, writeField(1, writeField(1, writeField(1, writeField(2, '10.0.0.1')))))
  const endpoints = (count: number) =>
    bad(`outbound|80||${WEB}`, writeField(2, Buffer.concat(Array<Buffer>(count).fill(endpoint))))
  istiod.push('EDS', [endpoints(1_000_000)])
  await watched.until(() => /more than 100000 addresses/.test(watched.log.join()))
  assert.deepEqual(watched.hosts, [ONE])
  istiod.push('EDS', [endpoints(50_000)])
  const web = () => watched.feed.records.get(WEB) as HostRecord | undefined
  await watched.until(() => web()?.groups[0]?.addresses.length === 200_000)
})

/** A response of WDS with a resource of another type, and nonce `b`. */
const OTHER = Buffer.concat([
  writeField(
    2,
    Buffer.concat([writeField(2, Buffer.concat([writeField(1, 'type.example/Other'), writeField(2, 'x')])), writeField(3, 'x')]),
  ),
  writeField(4, TYPE_URLS.WDS),
  writeField(5, 'b'),
])

test('a response of another type, and a resource of another type, are refused', async () => {
  await using istiod = await startIstiod(true)
  await using watched = watchIstiod([istiod.address])
  await has(watched, ONE)
  istiod.write(writeResponse({ type: 'CDS', nonce: 'a', resources: [cluster(80, WEB)] }))
  await until(() =>
    istiod.requests.some(
      ({ nonce, type, refusal }) => nonce === 'a' && type === 'CDS' && refusal === 'this type was not asked for',
    ),
  )
  istiod.write(OTHER)
  await until(() =>
    istiod.requests.some(({ nonce, refusal }) => nonce === 'b' && refusal === 'a resource of type "type.example/Other"'),
  )
  // The latter may have been among others that were well: everything is to be told again.
  await until(() => istiod.metadata.length === 2)
  assert.ok(watched.log.length >= 2)
  assert.deepEqual([watched.hosts, watched.removed], [[ONE], []])
})

test('a first response of nothing but a resource of another type is told of, and says nothing of whether WDS is offered', async () => {
  await using istiod = await startIstiod(true)
  istiod.script = call => call.write(OTHER)
  await using watched = watchIstiod([istiod.address])
  await watched.until(() => /a resource of type "type.example.Other": what answers there is no istiod/.test(watched.log.join()))
  assert.ok(istiod.requests.every(({ node }) => !node.startsWith('sidecar~')))
})

test('a stream of octets that are no messages ends, and what is known stays', async () => {
  await using istiod = await startIstiod(true)
  await using watched = watchIstiod([istiod.address])
  await has(watched, ONE)
  istiod.write(Buffer.alloc(100, 0xff))
  await watched.until(() => /a number that does not end: what answers there is no istiod/.test(watched.log.join()))
  await watched.until(() => watched.log.some(line => /the stream is up again/.test(line)))
  assert.deepEqual([watched.hosts, watched.removed], [[ONE], []])
})
