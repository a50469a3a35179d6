import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Join } from '#src/registry/join.ts'
import type { ServiceEntry } from '#src/registry/objects.ts'
import type { MeshRecord } from '#src/registry/record.ts'

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

test('a ServiceEntry of many hosts costs as much more as it has more of them', () => {
  const hosts = Array.from({ length: 60_000 }, (_, i) => `\x06h${String(i).padStart(5, '0')}\x07example\x03com\0`)
  const told = new Map<string, MeshRecord>()
  const join = new Join(told)
  const before = entry(hosts, 80)
  join.put('ServiceEntry default/egress', before, undefined)
  for (const [id, record] of join.take(100)) told.set(id, record!)
  assert.equal(told.size, hosts.length)
  join.put('ServiceEntry default/egress', entry(hosts.slice(1), 81), before)
  const begun = process.cpuUsage()
  const changes = join.take(100)
  const { user } = process.cpuUsage(begun)
  assert.deepEqual(
    changes.filter(([, record]) => record === undefined).map(([id]) => id),
    [`ServiceEntry default/egress ${hosts[0]}`],
  )
  assert.equal(changes.length, hosts.length)
  // Each compared with each took more than twenty seconds.
  assert.ok(user < 4_000_000, `${user} µs`)
})
