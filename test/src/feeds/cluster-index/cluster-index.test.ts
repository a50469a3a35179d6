import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClusterIndex } from '#src/feeds/cluster-index/cluster-index.ts'
import type { ClusterObject, EndpointSlice, Pod, Service } from '#src/feeds/kubernetes/objects.ts'

const address = (last: number) => String.fromCharCode(10, 0, 0, last)

const slice = (name: string, service: string, ...last: number[]): EndpointSlice => ({
  kind: 'EndpointSlice',
  namespace: 'default',
  name,
  service,
  group: { ports: [], size: 4, addresses: last.map(address).join('') },
  version: '1',
})

const service = (name: string, vips: readonly string[], external: Service['external'] = []): Service => ({
  kind: 'Service',
  namespace: 'default',
  name,
  vips,
  ports: [],
  selector: [],
  families: [],
  publishNotReady: false,
  alias: undefined,
  exportTo: undefined,
  headless: false,
  external,
  outside: undefined,
  version: '1',
})

const pod = (name: string, terminating: boolean, ...last: number[]): Pod => ({
  kind: 'Pod',
  namespace: 'default',
  name,
  labels: new Map(),
  addresses: last.map(address),
  ready: true,
  terminating,
  hostNetwork: false,
  hostname: '',
  subdomain: '',
  ports: new Map(),
  version: '1',
})

/** An index, and how it is told of what an object has become. */
function watched() {
  const index = new ClusterIndex()
  const held = new Map<string, ClusterObject>()
  const put = (id: string, object: ClusterObject | undefined) => {
    index.change(id, object, held.get(id), undefined)
    if (object) held.set(id, object)
    else held.delete(id)
  }
  const named = (map: ClusterIndex['byEndpoint'], last: number) => map.of(address(last)).map(node => node.name)
  return { index, put, named }
}

for (const asked of [false, true])
  test(`a service is found by the addresses that its slices have now, ${asked ? 'asked for before too' : 'asked for the first time'}`, () => {
    const { index, put, named } = watched()
    if (asked) assert.deepEqual(named(index.byEndpoint, 1), [])
    put('1', slice('web-1', 'web', 1, 2))
    put('2', slice('web-2', 'web', 2, 3))
    put('3', slice('other', 'other', 3))
    put('1', slice('web-1', 'web', 4))
    assert.deepEqual(
      [1, 2, 3, 4].map(last => named(index.byEndpoint, last)),
      [[], ['web'], ['web', 'other'], ['web']],
    )
    put('2', slice('web-2', 'moved', 3))
    assert.deepEqual(
      [2, 3].map(last => named(index.byEndpoint, last)),
      [[], ['other', 'moved']],
    )
    for (const id of ['1', '2', '3']) put(id, undefined)
    assert.deepEqual(
      [1, 2, 3, 4].map(last => named(index.byEndpoint, last)),
      [[], [], [], []],
    )
    assert.equal(index.services.find('default', 'web'), undefined)
  })

test('an object may be told of twice', () => {
  const { index, put, named } = watched()
  const first = slice('web-1', 'web', 1)
  put('1', first)
  index.change('1', first, undefined, undefined)
  assert.equal(index.services.find('default', 'web')?.slices.length, 1)
  put('1', slice('web-1', 'web', 2))
  assert.deepEqual(
    [1, 2].map(last => named(index.byEndpoint, last)),
    [[], ['web']],
  )
})

test('a service is found by its own addresses, whichever of service and slice comes first', () => {
  const { index, put, named } = watched()
  put('slice', slice('web-1', 'web', 1))
  put('web', service('web', [address(9)], [{ address: address(8) }, { target: '\x03web\0' }]))
  const node = index.services.find('default', 'web')
  assert.equal(node?.slices.length, 1)
  assert.deepEqual([named(index.byClusterIp, 9), named(index.byExternal, 8)], [['web'], ['web']])
  const { version } = node!
  put('web', service('web', [address(7)]))
  assert.notEqual(node!.version, version)
  assert.deepEqual([named(index.byClusterIp, 9), named(index.byClusterIp, 7), named(index.byExternal, 8)], [[], ['web'], []])
})

test('a pod is found by each of its addresses until it is being deleted', () => {
  const { index, put } = watched()
  put('a', pod('a', false, 1, 2))
  assert.deepEqual(
    [1, 2].map(last => index.pods.of(address(last)).length),
    [1, 1],
  )
  put('b', pod('b', false, 2))
  put('a', pod('a', true, 1, 2))
  assert.deepEqual(
    [1, 2].map(last => index.pods.of(address(last)).map(({ name }) => name)),
    [[], ['b']],
  )
})

test('the serial of names in the cluster is the second in which endpoints changed last, not that of an update without news', t => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const { index, put } = watched()
  const serialAfter = (second: number, slice: EndpointSlice | undefined) => {
    t.mock.timers.setTime(second * 1000)
    put('1', slice)
    return index.modified.internal
  }
  const first = slice('web-1', 'web', 1)
  const { group } = first
  const called = { ...group, hostnames: ['web-0'] }
  const listening = { ...called, ports: [{ name: 'http', protocol: 'tcp', number: 80 } as const] }
  const slices: readonly (readonly [news: boolean, EndpointSlice | undefined])[] = [
    [true, first],
    [false, { ...first, version: '2' }],
    [true, slice('web-1', 'web', 2)],
    [true, first],
    [true, { ...first, group: called }],
    [true, { ...first, group: listening }],
    [false, { ...first, group: { ...listening, ports: [...listening.ports] } }],
    [true, { ...first, group: listening, pods: ['web-0'] }],
    [true, { ...first, group: listening, pods: ['web-0'], zones: ['a'] }],
    [true, undefined],
  ]
  let expected = 0
  for (const [i, [news, slice]] of slices.entries()) {
    if (news) expected = i + 1
    assert.equal(serialAfter(i + 1, slice), expected)
  }
})

test('the serial of external names is the second in which external addresses changed last', t => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const { index, put } = watched()
  const external = [{ address: address(8) }]
  const serials = [service('web', []), service('web', [], external), service('web', []), undefined].map((object, i) => {
    t.mock.timers.setTime(1000 * (i + 1))
    put('web', object)
    return [index.modified.internal, index.modified.external]
  })
  assert.deepEqual(serials, [
    [1, 0],
    [2, 2],
    [3, 3],
    [4, 3],
  ])
})
