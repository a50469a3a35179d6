import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { hostsFile, manifests, mesh, outside, type Registry, zoneFile } from '../../bench/registry.ts'

const registry: Registry = {
  zone: 'cluster.local',
  ttl: 5,
  entries: [
    { name: 'web.shop.svc.cluster.local', addresses: ['10.0.0.1', '10.0.0.2'] },
    { name: 'api.shop.svc.cluster.local', addresses: ['10.0.0.3'] },
  ],
}

test('every name is another one, below its zone', () => {
  for (const { zone, entries } of [mesh, outside]) {
    assert.equal(new Set(entries.map(entry => entry.name)).size, entries.length)
    assert.ok(entries.every(entry => entry.name.endsWith(`.${zone}`)))
  }
})

test('a zone file has an apex and a record for each address', () => {
  const lines = zoneFile(registry).split('\n')
  assert.deepEqual(lines.slice(0, 3), ['$ORIGIN cluster.local.', '$TTL 5', '@ SOA ns.dns hostmaster 1 7200 1800 86400 5'])
  assert.deepEqual(lines.slice(-4), [
    'web.shop.svc.cluster.local. A 10.0.0.1',
    'web.shop.svc.cluster.local. A 10.0.0.2',
    'api.shop.svc.cluster.local. A 10.0.0.3',
    '',
  ])
})

test('a hosts file has a line for each address', () => {
  assert.equal(
    hostsFile(registry),
    '10.0.0.1 web.shop.svc.cluster.local\n10.0.0.2 web.shop.svc.cluster.local\n10.0.0.3 api.shop.svc.cluster.local\n',
  )
})

test('manifests have a Service and a slice with its endpoints for each name, in a file for each namespace', () => {
  const files = manifests(registry)
  assert.deepEqual(Object.keys(files), ['shop.yaml'])
  const objects = parseAllDocuments(files['shop.yaml']!).map(document => document.toJS())
  assert.deepEqual(
    objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`),
    ['Service shop/web', 'EndpointSlice shop/web-1', 'Service shop/api', 'EndpointSlice shop/api-1'],
  )
  assert.equal(objects[1].metadata.labels['kubernetes.io/service-name'], 'web')
  assert.deepEqual(
    objects[1].endpoints.flatMap((endpoint: { addresses: string[] }) => endpoint.addresses),
    ['10.0.0.1', '10.0.0.2'],
  )
})
