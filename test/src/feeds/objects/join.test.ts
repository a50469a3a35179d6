import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Join } from '#src/feeds/objects/join.ts'
import type { ServiceEntry } from '#src/feeds/objects/mesh-objects.ts'
import type { Change } from '#src/feeds/report.ts'
import type { HostRecord, MeshRecord } from '#src/registry/record.ts'

/** @param port tells one version from the other */
const entry = (hosts: readonly string[], port: number): ServiceEntry => ({
  kind: 'ServiceEntry',
  namespace: 'default',
  name: 'egress',
  hosts,
  addresses: [],
  allocated: new Map(),
  ports: [{ name: 'http', protocol: 'tcp', number: port, target: port }],
  resolution: 'STATIC',
  endpoints: [],
  selector: undefined,
  exportTo: undefined,
  created: 0,
})

const hostsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => `\x06h${String(i).padStart(5, '0')}\x07example\x03com\0`)

const ID = 'ServiceEntry default/egress'

function tell(told: Map<string, MeshRecord>, changes: readonly Change[]): void {
  for (const [id, record] of changes) {
    if (record) told.set(id, record)
    else told.delete(id)
  }
}

test('a ServiceEntry of many hosts costs as much more as it has more of them', () => {
  const hosts = hostsOf(60_000)
  const told = new Map<string, MeshRecord>()
  const join = new Join(told)
  const before = entry(hosts, 80)
  join.put(ID, before, undefined)
  tell(told, join.take(Number.POSITIVE_INFINITY))
  assert.equal(told.size, hosts.length)
  join.put(ID, entry(hosts.slice(1), 81), before)
  const begun = process.cpuUsage()
  const changes = join.take(Number.POSITIVE_INFINITY)
  const { user } = process.cpuUsage(begun)
  assert.deepEqual(
    changes.filter(([, record]) => record === undefined).map(([id]) => id),
    [`${ID} ${hosts[0]}`],
  )
  assert.equal(changes.length, hosts.length)
  // Each compared with each took more than twenty seconds.
  assert.ok(user < 4_000_000, `${user} µs`)
})

test('the hosts of a ServiceEntry are told in parts, and what has changed meanwhile as it is then', () => {
  const hosts = hostsOf(1000)
  const told = new Map<string, MeshRecord>()
  const join = new Join(told)
  const take = () => {
    const changes = join.take(100)
    assert.ok(changes.length <= 100)
    tell(told, changes)
  }
  const drain = () => {
    while (join.changed) take()
  }
  const state = () => [...told].map(([id, record]) => `${id} ${(record as HostRecord).ports[0]!.number}`)
  const [first, second] = [entry(hosts, 80), entry(hosts.slice(1, 600), 81)]
  join.put(ID, first, undefined)
  take()
  assert.equal(told.size, 100)
  // Of the hosts that are gone, one has been told and others have not.
  join.put(ID, second, first)
  take()
  join.put(ID, first, second)
  take()
  join.put(ID, second, first)
  drain()
  assert.deepEqual(
    state().toSorted(),
    second.hosts.map(host => `${ID} ${host} 81`),
  )
  join.put(ID, undefined, second)
  drain()
  assert.deepEqual(state(), [])
})

test('a host that moves from one ServiceEntry to another is told of its new one before it leaves the old one', () => {
  const hosts = hostsOf(1000)
  const told = new Map<string, MeshRecord>()
  const join = new Join(told)
  const [before, after] = [entry(hosts, 80), entry(hosts.slice(1), 80)]
  join.put(ID, before, undefined)
  tell(told, join.take(Number.POSITIVE_INFINITY))
  join.put(ID, undefined, before)
  join.put(`${ID}-new`, { ...after, name: 'egress-new' }, undefined)
  while (join.changed) {
    tell(told, join.take(100))
    const known = new Set(Array.from(told.values(), record => (record as HostRecord).host))
    assert.ok(after.hosts.every(host => known.has(host)))
  }
  assert.deepEqual(
    [...told.keys()].toSorted(),
    after.hosts.map(host => `${ID}-new ${host}`),
  )
})
