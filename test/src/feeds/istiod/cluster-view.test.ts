/** What becomes of names, clusters and endpoints, as a sidecar is told of them. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TypeName } from '#src/feeds/istiod/types.ts'
import { assignment, cluster, clusterName, nameTable, type Resource } from '#test/support/istiod/resources.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { until } from '#test/support/waiting.ts'
import { has, watchIstiod } from './watching.ts'

const WEB = 'web.default.svc.cluster.local'
const DB = 'db.data.svc.cluster.local'
const WEB_NAME = { [WEB]: [['10.96.0.1'], 'web', 'default'] } as const

type State = Partial<Record<TypeName, readonly Resource[]>>

const WEB_AND_STATIC: State = {
  NDS: [nameTable({ ...WEB_NAME, 'static.example': [['9.9.9.9']] })],
  CDS: [cluster(80, WEB), cluster(80, 'static.example')],
  EDS: [assignment(80, WEB, [{ address: '10.0.0.1' }]), assignment(80, 'static.example', [{ address: '1.2.3.4' }])],
}

async function start(state: State): Promise<TestIstiod> {
  const istiod = await TestIstiod.start({ ambient: false })
  for (const [type, resources] of Object.entries(state)) istiod.hold(type as TypeName, resources)
  return istiod
}

suite('hosts', () => {
  for (const [title, state, ...hosts] of [
    [
      'a service with two ports: each endpoint once',
      {
        NDS: [nameTable(WEB_NAME)],
        CDS: [cluster(80, WEB), cluster(443, WEB)],
        EDS: [
          assignment(80, WEB, [{ address: '10.0.0.1' }, { address: '10.0.0.2' }]),
          assignment(443, WEB, [{ address: '10.0.0.2' }, { address: '10.0.0.3' }]),
        ],
      },
      'web.default.svc vips 10.96.0.1 at 10.0.0.1 at 10.0.0.2 at 10.0.0.3',
    ],
    [
      'health: unknown and healthy count, unhealthy, draining and degraded do not',
      {
        NDS: [nameTable(WEB_NAME)],
        CDS: [cluster(80, WEB)],
        EDS: [
          assignment(
            80,
            WEB,
            [0, 1, 2, 3, 4, 5].map(health => ({ address: `10.0.0.${health}`, health })),
          ),
        ],
      },
      'web.default.svc vips 10.96.0.1 at 10.0.0.0 at 10.0.0.1',
    ],
    [
      'a workload that only the gateway of its network reaches has no address, and is left out',
      {
        NDS: [nameTable(WEB_NAME)],
        CDS: [cluster(80, WEB), cluster(80, 'dns.example', 'dns', [{ address: '' }, { address: 'a.example' }])],
        EDS: [assignment(80, WEB, [{ address: '' }, { address: '10.0.0.1' }])],
      },
      'dns.example. at a.example.',
      'web.default.svc vips 10.96.0.1 at 10.0.0.1',
    ],
    [
      'both families, the second address of a pod, and pods in ambient',
      {
        NDS: [nameTable(WEB_NAME)],
        CDS: [cluster(80, WEB)],
        EDS: [
          assignment(80, WEB, [
            { address: '10.0.0.1', additional: 'fd00::1' },
            { address: '10.0.0.2', internal: true },
            { address: 'fd00::3', internal: true },
          ]),
        ],
      },
      'web.default.svc vips 10.96.0.1 at 10.0.0.1 at 10.0.0.2 at fd00::1 at fd00::3',
    ],
    [
      'a headless service, its pods by name',
      {
        NDS: [nameTable({ [DB]: [['10.0.1.1'], 'db', 'data'], [`db-0.${DB}`]: [['10.0.1.1'], 'db-0.db', 'data'] })],
        CDS: [cluster(5432, DB, 'passthrough')],
        EDS: [assignment(5432, DB, [{ address: '10.0.1.1' }, { address: '10.0.1.2', health: 2 }])],
      },
      'db.data.svc at 10.0.1.1 (db-0)',
    ],
    [
      'a headless service without a ready pod, which has no name in the table',
      {
        NDS: [nameTable({})],
        CDS: [cluster(5432, DB, 'passthrough')],
        EDS: [assignment(5432, DB, [{ address: '10.0.1.2', health: 2 }])],
      },
      'db.data.svc',
    ],
    [
      'a service that has ports for UDP only, which are no clusters',
      { NDS: [nameTable(WEB_NAME)] },
      'web.default.svc vips 10.96.0.1 at 10.96.0.1',
    ],
    [
      'another domain than cluster.local',
      {
        NDS: [nameTable({ 'web.default.svc.corp.example': [['10.96.0.1'], 'web', 'default'] })],
        CDS: [cluster(80, 'web.default.svc.corp.example'), cluster(80, 'db.data.svc.corp.example', 'passthrough')],
      },
      'db.data.svc',
      'web.default.svc vips 10.96.0.1',
    ],
    [
      'STATIC',
      {
        NDS: [nameTable({ 'static.example': [['9.9.9.9']] })],
        CDS: [cluster(80, 'static.example')],
        EDS: [assignment(80, 'static.example', [{ address: '1.2.3.4', health: 0 }])],
      },
      'static.example. vips 9.9.9.9 at 1.2.3.4',
    ],
    ['STATIC without endpoints', { CDS: [cluster(80, 'empty.example')] }, 'empty.example.'],
    [
      'DNS with an endpoint that is a name',
      {
        NDS: [nameTable({ 'dns.example': [['240.240.0.1']] })],
        CDS: [
          cluster(80, 'dns.example', 'dns', [
            { address: 'far.example', health: 0 },
            { address: '1.2.3.4', health: 0 },
          ]),
        ],
      },
      'dns.example. vips 240.240.0.1 at 1.2.3.4 at far.example.',
    ],
    [
      'DNS without endpoints',
      { CDS: [cluster(80, 'self.example', 'dns', [{ address: 'self.example', health: 0 }])] },
      'self.example. elsewhere',
    ],
    [
      'NONE: what is listed does not count, what is selected does',
      {
        CDS: [cluster(80, 'none.example', 'passthrough'), cluster(80, 'some.example', 'passthrough')],
        EDS: [
          assignment(80, 'none.example', [{ address: '7.7.7.7', health: 0 }]),
          assignment(80, 'some.example', [{ address: '10.0.0.1' }]),
        ],
      },
      'none.example. elsewhere',
      'some.example. at 10.0.0.1',
    ],
    [
      'NONE with the name of a Service',
      { CDS: [cluster(80, WEB, 'passthrough', [], WEB), cluster(80, DB, 'passthrough', [], 'db')] },
      'db.data.svc',
      'web.default.svc.cluster.local. elsewhere',
    ],
    [
      'a headless Service without pods, in whose place a ServiceEntry has the name',
      { NDS: [nameTable({ [DB]: [['240.240.0.1']] })], CDS: [cluster(80, DB, 'passthrough', [], 'db')] },
      'db.data.svc.cluster.local. vips 240.240.0.1',
    ],
    ['DYNAMIC_DNS', { CDS: [cluster(80, '*.dynamic.example', 'dynamic')] }, '*.dynamic.example. elsewhere'],
    [
      'what istiod adds for the sidecar itself, and subsets, are no hosts',
      {
        CDS: ['BlackHoleCluster', 'PassthroughCluster', 'inbound|80||', `outbound|80|v1|${WEB}`].map(name => ({
          name,
          value: Buffer.alloc(0),
        })),
      },
    ],
  ] as readonly (readonly [title: string, state: State, ...hosts: string[]])[]) {
    test(title, async () => {
      await using istiod = await start(state)
      await using watched = watchIstiod([istiod.address])
      await watched.until(() => watched.feed.complete)
      assert.deepEqual(watched.hosts, hosts)
      assert.deepEqual(watched.log, [])
    })
  }
})

test('the gateways of other networks are no endpoints, whatever their port; who does not say where it is is told to', async () => {
  const gateways = [
    { address: '34.0.0.1', port: 15443, workload: ';;;;east', mutual: true, health: 0 },
    { address: '34.0.0.2', port: 443, workload: ';;;;east', mutual: true, health: 0 },
    // As an istiod has it that tells of no workloads.
    { address: '34.0.0.3', port: 15443, workload: '', mutual: true, health: 0 },
  ]
  const endpoints = [
    { address: '10.0.0.1', port: 15443 },
    // Of an endpoint slice without pods.
    { address: '10.0.0.2', port: 15443, workload: ';;;;west' },
    // Listed in a ServiceEntry.
    { address: '10.0.0.3', port: 15443, workload: ';default;;;west', health: 0 },
    { address: '10.0.0.4', workload: '', health: 0 },
    { address: '10.0.0.5', port: 15443, workload: '', health: 0 },
    // Before Istio 1.30, and, of one that takes mTLS, what is told of its labels.
    { address: '10.0.0.6', port: 15443, workload: ';;;;west', health: 0 },
    { address: '10.0.0.7', workload: ';;app;;west', mutual: true, health: 0 },
    { address: '10.0.0.8', workload: ';;;v1;west', mutual: true, health: 0 },
  ]
  await using istiod = await start({
    NDS: [nameTable(WEB_NAME)],
    CDS: [cluster(80, WEB)],
    EDS: [assignment(80, WEB, [...endpoints, ...gateways])],
  })
  await using near = watchIstiod([istiod.address], { network: 'west' })
  await using anywhere = watchIstiod([istiod.address])
  const addresses = Array.from({ length: 8 }, (_, i) => ` at 10.0.0.${i + 1}`)
  const all = `web.default.svc vips 10.96.0.1${addresses.join('')}`
  for (const watched of [near, anywhere]) await has(watched, all)
  istiod.push('EDS', [assignment(80, WEB, gateways)])
  for (const watched of [near, anywhere]) await has(watched, 'web.default.svc vips 10.96.0.1')
  assert.deepEqual(near.log, [])
  assert.match(anywhere.log.join('\n'), /^.*: gateways stand for endpoints .*: network must name the one that this server is in$/)
})

test('a Service that becomes an ExternalName is no host any more, though it keeps its clusters', async () => {
  const headless = cluster(5432, DB, 'passthrough', [], 'db')
  await using istiod = await start({
    NDS: [nameTable(WEB_NAME)],
    CDS: [cluster(80, WEB, 'eds', [], 'web'), headless],
    EDS: [assignment(80, WEB, [{ address: '10.0.0.1' }])],
  })
  await using watched = watchIstiod([istiod.address])
  await has(watched, 'db.data.svc', 'web.default.svc vips 10.96.0.1 at 10.0.0.1')
  istiod.push('NDS', [nameTable({})])
  await has(watched, 'db.data.svc')
  istiod.push('NDS', [nameTable(WEB_NAME)])
  await has(watched, 'db.data.svc', 'web.default.svc vips 10.96.0.1 at 10.0.0.1')
})

test('a host is what its clusters say now', async () => {
  await using istiod = await start({ CDS: [cluster(80, DB, 'passthrough', [], 'db')] })
  await using watched = watchIstiod([istiod.address])
  await has(watched, 'db.data.svc')
  istiod.push('CDS', [cluster(80, DB, 'passthrough', [], DB)])
  await has(watched, 'db.data.svc.cluster.local. elsewhere')
})

test('endpoints are asked for by name, never in an acknowledgement, and given up with their cluster', async () => {
  await using istiod = await start({
    NDS: [nameTable(WEB_NAME)],
    CDS: [cluster(80, WEB)],
    EDS: [assignment(80, WEB, [{ address: '10.0.0.1' }])],
  })
  await using watched = watchIstiod([istiod.address])
  await has(watched, 'web.default.svc vips 10.96.0.1 at 10.0.0.1')
  istiod.push('CDS', [cluster(443, WEB)], [clusterName(80, WEB)])
  await has(watched, 'web.default.svc vips 10.96.0.1')
  await until(() => istiod.requests.filter(({ nonce }) => nonce !== '').length === 5)
  const asked = istiod.requests.filter(({ type }) => type === 'EDS')
  assert.deepEqual(
    asked.filter(({ nonce }) => nonce === '').map(({ subscribe, unsubscribe }) => [subscribe, unsubscribe]),
    [
      [[clusterName(80, WEB)], []],
      [[], [clusterName(80, WEB)]],
      [[clusterName(443, WEB)], []],
    ],
  )
  for (const { nonce, subscribe, unsubscribe } of istiod.requests)
    if (nonce !== '') assert.deepEqual([...subscribe, ...unsubscribe], [])
})

test('a port whose endpoints have not come yet takes nothing away, not even in the place of another one', async () => {
  await using istiod = await start({
    NDS: [nameTable(WEB_NAME)],
    CDS: [cluster(80, WEB)],
    EDS: [assignment(80, WEB, [{ address: '10.0.0.1' }])],
  })
  await using watched = watchIstiod([istiod.address])
  await has(watched, 'web.default.svc vips 10.96.0.1 at 10.0.0.1')
  const told: string[] = []
  await watched.feed.subscribe(() => told.push(...watched.hosts))
  istiod.hold('EDS', [assignment(443, WEB, [{ address: '10.0.0.2' }])])
  istiod.delay = () => sleep(100)
  istiod.push('CDS', [cluster(443, WEB)], [clusterName(80, WEB)])
  await has(watched, 'web.default.svc vips 10.96.0.1 at 10.0.0.2')
  assert.ok(
    told.every(line => line.includes(' at ')),
    told.join('\n'),
  )
})

test('a host whose ports go first is as it was until the names say whether it is gone, or has other ports only', async () => {
  await using istiod = await start({
    NDS: [nameTable({ ...WEB_NAME, [DB]: [['10.96.0.2'], 'db', 'data'] })],
    CDS: [cluster(80, WEB), cluster(80, DB)],
    EDS: [assignment(80, WEB, [{ address: '10.0.0.1' }]), assignment(80, DB, [{ address: '10.0.0.2' }])],
  })
  await using watched = watchIstiod([istiod.address])
  await watched.until(() => watched.feed.complete)
  const told: string[] = []
  await watched.feed.subscribe(() => told.push(...watched.hosts))
  const names = Promise.withResolvers<void>()
  istiod.delay = type => (type === 'NDS' ? names.promise : undefined)
  istiod.hold('NDS', [nameTable({ [DB]: [['10.96.0.2'], 'db', 'data'] })])
  istiod.push('CDS', [], [clusterName(80, WEB), clusterName(80, DB)])
  // What this says has been heard when the next port's endpoints are asked for.
  istiod.hold('EDS', [assignment(80, 'static.example', [{ address: '1.2.3.4' }])])
  istiod.push('CDS', [cluster(80, 'static.example')])
  const others = ['db.data.svc vips 10.96.0.2 at 10.0.0.2', 'web.default.svc vips 10.96.0.1 at 10.0.0.1']
  await has(watched, others[0]!, 'static.example. at 1.2.3.4', others[1]!)
  // They are asked for: when an EnvoyFilter takes ports away, istiod pushes none.
  names.resolve()
  await has(watched, 'db.data.svc vips 10.96.0.2 at 10.96.0.2', 'static.example. at 1.2.3.4')
  assert.ok(!told.includes('web.default.svc vips 10.96.0.1 at 10.96.0.1'), told.join('\n'))
})

test('names that come with the ports that go are not asked for', async () => {
  await using istiod = await start(WEB_AND_STATIC)
  await using watched = watchIstiod([istiod.address])
  await watched.until(() => watched.feed.complete)
  const asked = () => istiod.requests.filter(({ type, nonce }) => type === 'NDS' && nonce === '').length
  istiod.push('CDS', [], [clusterName(80, 'static.example')])
  istiod.push('NDS', [nameTable(WEB_NAME)])
  await has(watched, 'web.default.svc vips 10.96.0.1 at 10.0.0.1')
  // Longer than they are waited for.
  await sleep(1500)
  assert.equal(asked(), 1)
  // Several pushes without names, and a stream that ends before these were asked for.
  istiod.push('CDS', [cluster(443, WEB)])
  for (const port of [80, 443]) istiod.push('CDS', [], [clusterName(port, WEB)])
  await until(() => asked() === 2)
  await has(watched, 'web.default.svc vips 10.96.0.1 at 10.96.0.1')
  istiod.push('CDS', [cluster(80, WEB)])
  await has(watched, 'web.default.svc vips 10.96.0.1 at 10.0.0.1')
  istiod.push('CDS', [], [clusterName(80, WEB)])
  await until(() => istiod.requests.some(({ type, unsubscribe }) => type === 'EDS' && unsubscribe.includes(clusterName(80, WEB))))
  istiod.stop()
  await istiod.serve()
  await has(watched, 'web.default.svc vips 10.96.0.1 at 10.96.0.1')
  await sleep(1500)
  assert.equal(asked(), 3)
})

test('the endpoints of a name that stands for something else now are asked for again', async () => {
  const [host, selecting] = ['x.example', 'y.example']
  const assigned = (...[x, y, db]: readonly string[]) =>
    [
      [host, x],
      [selecting, y],
      [DB, db],
    ].map(([of, address]) => assignment(80, of!, [{ address: address! }]))
  await using istiod = await start({
    NDS: [nameTable({ [host]: [['240.240.0.1']], [selecting]: [['240.240.0.3']], [DB]: [['10.0.0.3'], 'db', 'data'] })],
    CDS: [cluster(80, host), cluster(80, selecting, 'passthrough', [], selecting), cluster(80, DB, 'passthrough', [], 'db')],
    EDS: assigned('192.0.2.1', '192.0.2.3', '10.0.0.3'),
  })
  await using watched = watchIstiod([istiod.address])
  const vips = (host: string, vip: string, address: string) => `${host}. vips ${vip} at ${address}`
  await has(
    watched,
    'db.data.svc at 10.0.0.3',
    vips(host, '240.240.0.1', '192.0.2.1'),
    vips(selecting, '240.240.0.3', '192.0.2.3'),
  )
  // Another namespace's ServiceEntry, which a Sidecar resource shows instead: neither its cluster nor its endpoints are pushed.
  istiod.hold('EDS', assigned('192.0.2.2', '192.0.2.4', '10.0.0.4'))
  istiod.push('NDS', [
    nameTable({ [host]: [['240.240.0.2']], [selecting]: [['240.240.0.4']], [DB]: [['10.0.0.4'], 'db', 'data'] }),
  ])
  // The names of a headless Service have its endpoints, which are pushed.
  await has(
    watched,
    'db.data.svc at 10.0.0.3',
    vips(host, '240.240.0.2', '192.0.2.2'),
    vips(selecting, '240.240.0.4', '192.0.2.4'),
  )
})

test('a new stream is told everything again, and only the difference is told on', async () => {
  await using istiod = await start(WEB_AND_STATIC)
  await using watched = watchIstiod([istiod.address])
  await watched.until(() => watched.feed.complete)
  let told: string[] = []
  await watched.feed.subscribe(id => told.push(id))
  told = []
  istiod.stop()
  istiod.push('NDS', [nameTable(WEB_NAME)])
  istiod.push('CDS', [], [clusterName(80, 'static.example')])
  istiod.push('EDS', [assignment(80, WEB, [{ address: '10.0.0.2' }])])
  await istiod.serve()
  await has(watched, 'web.default.svc vips 10.96.0.1 at 10.0.0.2')
  assert.deepEqual([...new Set(told)].sort(), ['static.example', WEB])
  assert.deepEqual(watched.removed, ['static.example'])
  const asked = istiod.requests.filter(({ type, nonce }) => type === 'EDS' && nonce === '').map(({ subscribe }) => subscribe)
  assert.deepEqual(asked, [[clusterName(80, WEB), clusterName(80, 'static.example')], [clusterName(80, WEB)]])

  istiod.stop()
  istiod.push('NDS', [nameTable({ [WEB]: [['10.96.0.9'], 'web', 'default'] })])
  await istiod.serve()
  await has(watched, 'web.default.svc vips 10.96.0.9 at 10.0.0.2')
})

test('a host that is new in a new stream is not told of before its ports are', async () => {
  await using istiod = await start({ NDS: [nameTable({})], CDS: [cluster(80, 'static.example')] })
  await using watched = watchIstiod([istiod.address])
  istiod.push('EDS', [assignment(80, 'static.example', [{ address: '1.2.3.4' }])])
  await has(watched, 'static.example. at 1.2.3.4')
  const told: string[] = []
  await watched.feed.subscribe(() => told.push(...watched.hosts))
  istiod.stop()
  istiod.push('NDS', [nameTable(WEB_NAME)])
  istiod.push('CDS', [cluster(80, WEB)])
  istiod.push('EDS', [assignment(80, WEB, [{ address: '10.0.0.1' }])])
  istiod.delay = type => (type === 'CDS' ? sleep(100) : undefined)
  await istiod.serve()
  const web = 'web.default.svc vips 10.96.0.1 at 10.0.0.1'
  await has(watched, 'static.example. at 1.2.3.4', web)
  assert.ok(
    told.every(line => line === web || !line.startsWith('web')),
    told.join('\n'),
  )
})

test('many names are asked for in portions that istiod takes', async () => {
  const host = (i: number) => `${'x'.repeat(60)}.${'y'.repeat(60)}.${'z'.repeat(60)}.host-${i}.example`
  const hosts = Array.from({ length: 12_000 }, (_, i) => host(i))
  await using istiod = await start({ CDS: hosts.map(name => cluster(80, name)) })
  await using watched = watchIstiod([istiod.address])
  await watched.until(() => watched.feed.complete)
  assert.equal(watched.feed.records.size, hosts.length)
  const sizes = istiod.requests.map(({ subscribe }) => subscribe.join('').length).filter(size => size > 0)
  assert.ok(sizes.length > 1 && sizes.every(size => size < 2 << 20), sizes.join())
})
