/** What becomes of services and workloads that WDS tells of. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Resource, wdsService, workload } from '#test/support/istiod/resources.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { until } from '#test/support/waiting.ts'
import { has, watchIstiod } from './watching.ts'

const WEB = 'default/web.default.svc.cluster.local'
const DB = 'data/db.data.svc.cluster.local'

suite('hosts', () => {
  const entry = (host: string, options = {}) => wdsService('default', 'entry', { host, ...options })
  const listed = (address: string | undefined, service: string, target?: string): Resource =>
    workload('default', 'entry', {
      services: [service],
      uid: `Kubernetes/networking.istio.io/ServiceEntry/default/entry/${address ?? target}`,
      ...(address !== undefined && { addresses: [address] }),
      ...(target !== undefined && { target }),
    })

  for (const [title, resources, ...hosts] of [
    ['a service without workloads', [wdsService('default', 'web', { vips: ['10.96.0.1'] })], 'web.default.svc vips 10.96.0.1'],
    [
      'workloads of both families, those that are not ready left out',
      [
        wdsService('default', 'web'),
        workload('default', 'a', { addresses: ['10.0.0.1', 'fd00::1'], services: [WEB], workload: 'web' }),
        workload('default', 'b', { addresses: ['10.0.0.2'], services: [WEB], healthy: false }),
      ],
      'web.default.svc at 10.0.0.1 at fd00::1',
    ],
    ...(
      [
        ['IPv4 only', { families: 1 }, 'web.default.svc at 10.0.0.1'],
        ['IPv6 only', { families: 2 }, 'web.default.svc at fd00::1'],
        ['both families', { families: 3 }, 'web.default.svc at 10.0.0.1 at fd00::1'],
        ['those of the virtual address', { vips: ['10.96.0.1'] }, 'web.default.svc vips 10.96.0.1 at 10.0.0.1'],
      ] as const
    ).map(
      ([families, options, host]) =>
        [
          `families of endpoints: ${families}`,
          [
            wdsService('default', 'web', options),
            workload('default', 'a', { addresses: ['10.0.0.1', 'fd00::1'], services: [WEB], workload: 'web' }),
          ],
          host,
        ] as const,
    ),
    [
      'what is no pod has the families that it has',
      [
        wdsService('default', 'web', { families: 1 }),
        workload('default', 'vm', {
          addresses: ['fd00::1'],
          services: [WEB],
          uid: 'Kubernetes/networking.istio.io/WorkloadEntry/default/vm',
        }),
      ],
      'web.default.svc at fd00::1',
    ],
    [
      'publishNotReadyAddresses, which is for pods',
      [
        wdsService('default', 'web', { publishNotReady: true }),
        workload('default', 'slice', {
          addresses: ['10.0.0.3'],
          services: [WEB],
          healthy: false,
          uid: 'Kubernetes/discovery.k8s.io/EndpointSlice/default/slice/10.0.0.3',
        }),
        workload('default', 'b-x', { addresses: ['10.0.0.2'], services: [WEB], healthy: false, workload: 'b' }),
      ],
      'web.default.svc at 10.0.0.2',
    ],
    [
      'a headless service calls the pods of a StatefulSet by their names, and those of a Deployment not',
      [
        wdsService('data', 'db'),
        workload('data', 'db-0', { addresses: ['10.0.1.1'], services: [DB], workload: 'db' }),
        workload('data', 'other-7d4b9-x2x', { addresses: ['10.0.1.2'], services: [DB], workload: 'other' }),
      ],
      'db.data.svc at 10.0.1.1 (db-0) at 10.0.1.2',
    ],
    [
      'a service with a virtual address calls nobody by name',
      [
        wdsService('data', 'db', { vips: ['10.96.0.2'] }),
        workload('data', 'db-0', { addresses: ['10.0.1.1'], services: [DB], workload: 'db' }),
      ],
      'db.data.svc vips 10.96.0.2 at 10.0.1.1',
    ],
    ['a workload of no service', [workload('default', 'a', { addresses: ['10.0.0.1'] })]],
    ['a workload of a service that is not there', [workload('default', 'a', { addresses: ['10.0.0.1'], services: [WEB] })]],
    [
      'another domain than cluster.local',
      [wdsService('default', 'web', { host: 'web.default.svc.corp.example', vips: ['10.96.0.1'] })],
      'web.default.svc vips 10.96.0.1',
    ],
    [
      'a host of several clusters is in its own zone',
      [wdsService('default', 'web', { host: 'web.default.svc.clusterset.local', vips: ['10.96.0.1'] })],
      'web.default.svc.clusterset.local. vips 10.96.0.1',
    ],
    [
      'STATIC, with a range beside its virtual address',
      [entry('static.example', { vips: ['9.9.9.9#32', '10.9.0.0#16'] }), listed('1.2.3.4', 'default/static.example')],
      'static.example. vips 9.9.9.9 at 1.2.3.4',
    ],
    [
      'families of endpoints of a ServiceEntry: all, whatever its virtual address is of',
      [
        entry('static.example', { vips: ['9.9.9.9'] }),
        workload('default', 'a', { addresses: ['10.0.0.1', 'fd00::1'], services: ['default/static.example'] }),
      ],
      'static.example. vips 9.9.9.9 at 10.0.0.1 at fd00::1',
    ],
    [
      'DNS with an endpoint that is a name, and one that is an address',
      [entry('dns.example'), listed(undefined, 'default/dns.example', 'far.example'), listed('1.2.3.4', 'default/dns.example')],
      'dns.example. at 1.2.3.4 at far.example.',
    ],
    [
      'DNS without endpoints',
      [entry('self.example'), listed(undefined, 'default/self.example', 'self.example')],
      'self.example. elsewhere',
    ],
    [
      'NONE',
      [entry('none.example', { passthrough: true }), listed('7.7.7.7', 'default/none.example')],
      'none.example. elsewhere',
    ],
    [
      'NONE with a selector',
      [
        entry('none.example', { passthrough: true }),
        workload('default', 'a', { addresses: ['10.0.0.1'], services: ['default/none.example'] }),
      ],
      'none.example. at 10.0.0.1',
    ],
    ['a wildcard without endpoints', [entry('*.dynamic.example')], '*.dynamic.example. elsewhere'],
    ['for its own namespace only', [entry('own.example', { hidden: true, vips: ['9.9.9.9'] })], 'own.example. vips 9.9.9.9 to .'],
    [
      'of the namespaces that have a host, one is the first',
      [entry('two.example'), wdsService('other', 'entry', { host: 'two.example', canonical: false })],
      'two.example. elsewhere',
      'two.example. elsewhere created 1',
    ],
    [
      'WorkloadEntries, of which istiod tells none as not healthy; should it do so one day, that one is left out',
      [
        entry('vm.example'),
        ...[true, false].map((healthy, i) =>
          workload('default', `vm-${i}`, {
            addresses: [`10.4.0.${i}`],
            services: ['default/vm.example'],
            healthy,
            uid: `Kubernetes/networking.istio.io/WorkloadEntry/default/vm-${i}`,
          }),
        ),
      ],
      'vm.example. at 10.4.0.0',
    ],
    ['STATIC without endpoints', [entry('empty.example', { vips: ['9.9.9.9'] })], 'empty.example. vips 9.9.9.9'],
    ['NONE, as before Istio 1.28, or STATIC without any address', [entry('none.example')], 'none.example. elsewhere'],
  ] as readonly (readonly [title: string, resources: readonly Resource[], ...hosts: string[]])[]) {
    test(title, async () => {
      await using istiod = await TestIstiod.start()
      istiod.hold('WDS', resources)
      await using watched = watchIstiod([istiod.address])
      await watched.until(() => watched.feed.complete)
      assert.deepEqual(watched.hosts, hosts)
      assert.deepEqual(watched.log, [])
    })
  }
})

test('workloads of other networks are left out where the own one is named', async () => {
  await using istiod = await TestIstiod.start()
  const pod = (i: number, network?: string) =>
    workload('default', `a-${i}x`, { addresses: [`10.0.0.${i}`], services: [WEB], workload: 'a', ...(network && { network }) })
  istiod.hold('WDS', [wdsService('default', 'web'), pod(1, 'west'), pod(2, 'east'), pod(3)])
  await using all = watchIstiod([istiod.address])
  await has(all, 'web.default.svc at 10.0.0.1 at 10.0.0.2 at 10.0.0.3')
  await using near = watchIstiod([istiod.address], { network: 'west' })
  await has(near, 'web.default.svc at 10.0.0.1 at 10.0.0.3')
  istiod.push('WDS', [pod(1, 'east'), pod(2, 'west')])
  await has(near, 'web.default.svc at 10.0.0.3 at 10.0.0.2')
})

test('and so are virtual addresses', async () => {
  await using istiod = await TestIstiod.start()
  const pod = workload('default', 'a-0', { addresses: ['10.0.0.1'], services: [WEB, DB], workload: 'a', network: 'west' })
  istiod.hold('WDS', [
    wdsService('default', 'web', { vips: ['west/10.96.0.1', 'east/10.97.0.1', '10.98.0.1'] }),
    // A Service that has one in another network alone is not headless.
    wdsService('data', 'db', { vips: ['east/10.97.0.2'] }),
    pod,
  ])
  await using all = watchIstiod([istiod.address])
  await has(all, 'db.data.svc vips 10.97.0.2 at 10.0.0.1', 'web.default.svc vips 10.96.0.1 10.97.0.1 10.98.0.1 at 10.0.0.1')
  await using near = watchIstiod([istiod.address], { network: 'west' })
  await has(near, 'db.data.svc at 10.0.0.1', 'web.default.svc vips 10.96.0.1 10.98.0.1 at 10.0.0.1')
})

test('changes come one by one, and nothing is told of what changes nothing', async () => {
  await using istiod = await TestIstiod.start()
  const pod = (address: string, options = {}) =>
    workload('default', 'a-x', { addresses: [address], services: [WEB], workload: 'a', ...options })
  istiod.hold('WDS', [wdsService('default', 'web'), pod('10.0.0.1', { version: '1' })])
  await using watched = watchIstiod([istiod.address])
  await has(watched, 'web.default.svc at 10.0.0.1')
  let told = 0
  await watched.feed.subscribe(() => told++)
  told = 0
  istiod.push('WDS', [pod('10.0.0.1', { version: '2' })])
  istiod.push('WDS', [pod('10.0.0.2', { version: '3' })])
  await has(watched, 'web.default.svc at 10.0.0.2')
  assert.equal(told, 1)
  istiod.push('WDS', [], [`Kubernetes//Pod/default/a-x`])
  await has(watched, 'web.default.svc')
  istiod.push('WDS', [], [WEB])
  await has(watched)
})

test('a ServiceEntry in the place of a Service is no Service', async () => {
  await using istiod = await TestIstiod.start()
  const same = { vips: ['10.96.0.1'], families: 1 } as const
  istiod.hold('WDS', [wdsService('default', 'web', same)])
  await using watched = watchIstiod([istiod.address])
  await has(watched, 'web.default.svc vips 10.96.0.1')
  istiod.push('WDS', [wdsService('default', 'entry', { ...same, host: 'web.default.svc.cluster.local' })])
  await has(watched, 'web.default.svc.cluster.local. vips 10.96.0.1')
})

suite('a new stream', () => {
  test('is told what is held, and brings what differs', async () => {
    await using istiod = await TestIstiod.start()
    const pods = [1, 2].map(i => workload('default', `a-${i}`, { addresses: [`10.0.0.${i}`], services: [WEB], version: `v${i}` }))
    istiod.hold('WDS', [wdsService('default', 'web', { vips: ['10.96.0.1'], version: 'v0' }), ...pods])
    await using watched = watchIstiod([istiod.address])
    await has(watched, 'web.default.svc vips 10.96.0.1 at 10.0.0.1 at 10.0.0.2')
    await until(() => istiod.requests.at(-1)!.nonce !== '')
    const before = istiod.requests.length
    istiod.stop()
    istiod.push('WDS', [], ['Kubernetes//Pod/default/a-1'])
    await istiod.serve()
    await has(watched, 'web.default.svc vips 10.96.0.1 at 10.0.0.2')
    assert.deepEqual(istiod.requests[before]?.versions.size, 3)
    assert.deepEqual(watched.removed, [])
  })

  test('without versions brings everything, and only the difference is told', async () => {
    await using istiod = await TestIstiod.start()
    const pod = (i: number) => workload('default', `a-${i}`, { addresses: [`10.0.0.${i}`], services: [WEB] })
    istiod.hold('WDS', [
      wdsService('default', 'web', { vips: ['10.96.0.1'] }),
      wdsService('default', 'other'),
      wdsService('default', 'gone'),
      pod(1),
      pod(2),
    ])
    await using watched = watchIstiod([istiod.address])
    await watched.until(() => watched.feed.complete)
    let told: string[] = []
    await watched.feed.subscribe(id => told.push(id))
    told = []
    istiod.stop()
    istiod.push('WDS', [], ['Kubernetes//Pod/default/a-1', 'default/gone.default.svc.cluster.local'])
    await istiod.serve()
    await has(watched, 'other.default.svc', 'web.default.svc vips 10.96.0.1 at 10.0.0.2')
    assert.deepEqual(told.sort(), ['default/gone.default.svc.cluster.local', WEB])
    await until(() => istiod.requests.at(-1)?.nonce !== '')
    assert.ok(istiod.requests.every(({ versions }) => versions.size === 0))
  })

  test('is not told what is held where that is more than a request takes', async () => {
    await using istiod = await TestIstiod.start()
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => workload('default', `a-${i}`, { addresses: ['10.0.0.1'], version: `v${i}` }))
    istiod.hold('WDS', [wdsService('default', 'web', { version: 'v' }), ...many(30_000)])
    await using watched = watchIstiod([istiod.address])
    await watched.until(() => watched.feed.complete)
    const told: string[] = []
    await watched.feed.subscribe(id => told.push(id))
    told.length = 0
    istiod.stop()
    istiod.push('WDS', [wdsService('default', 'other', { version: 'v' })])
    await istiod.serve()
    await watched.until(() => watched.hosts.length === 2)
    assert.deepEqual(told, ['default/other.default.svc.cluster.local'])
    assert.ok(istiod.requests.every(({ versions }) => versions.size === 0))
  })
})
