import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Manifests } from './mesh-of.ts'

const pod = (name: string, address: string, spec = '{}') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop }
spec: ${spec}
status: { podIPs: [{ ip: ${address} }] }
---`

const workload = `
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: vm, namespace: legacy }
spec: { address: 192.0.2.1 }
---`

const service = (exportTo: string) => `
apiVersion: v1
kind: Service
metadata: { name: a, namespace: shop, annotations: { networking.istio.io/exportTo: "${exportTo}" } }
spec: { clusterIP: None }
`

const ended = pod('ended', '10.0.0.3').replace('status: {', 'status: { phase: Succeeded,')

const pods = ended + pod('one', '10.0.0.1') + pod('host', '10.9.0.1', '{ hostNetwork: true }') + workload

test('clients are told as soon as something is not for everybody, and from then on', () => {
  const manifests = new Manifests()
  manifests.read('pods.yaml', pods)
  manifests.read('service.yaml', service('*'))
  assert.deepEqual(manifests.hosts, ['a.shop.svc to *'])
  manifests.read('service.yaml', service('.'))
  const clients = ['client of legacy at 192.0.2.1', 'client of shop at 10.0.0.1']
  assert.deepEqual(manifests.hosts, ['a.shop.svc to .', ...clients])
  manifests.read('pods.yaml', pod('one', '10.0.0.2'))
  assert.deepEqual(manifests.hosts, ['a.shop.svc to .', 'client of shop at 10.0.0.2'])
  // Nothing to tell: where it is has not changed.
  manifests.read('pods.yaml', pod('one', '10.0.0.2', '{ hostname: x }'))
  assert.equal(manifests.take(), 0)
})

test('clients are told as soon as ServiceEntries of several namespaces have a host', () => {
  const entry = (namespace: string, host: string, created: string) => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: api, namespace: ${namespace}, creationTimestamp: ${created} }
spec: { hosts: [${host}], resolution: STATIC }
---`
  const manifests = new Manifests()
  manifests.read('pods.yaml', pod('one', '10.0.0.1'))
  manifests.read('one.yaml', entry('one', 'api.example.com', '2026-01-01T00:00:00Z'))
  manifests.read('two.yaml', entry('two', 'other.example.com', '"2026-01-01T00:00:00Z"'))
  const host = 'api.example.com. created 1767225600'
  assert.deepEqual(manifests.hosts, [host, 'other.example.com. created 1767225600'])
  manifests.read('one.yaml', entry('one', 'gone.example.com', 'yesterday'))
  manifests.read('two.yaml', entry('two', 'api.example.com', 'null'))
  assert.deepEqual(manifests.hosts, ['api.example.com.', 'gone.example.com.'])
  manifests.read('one.yaml', entry('one', 'api.example.com', '2026-01-01T00:00:00Z'))
  assert.deepEqual(manifests.hosts, ['api.example.com.', host, 'client of shop at 10.0.0.1'])
})

test('clients are told as soon as a ServiceEntry may have the host of a Service of another namespace', () => {
  const entry = (host: string) => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: api, namespace: one }
spec: { hosts: [${host}], resolution: STATIC }
---`
  const manifests = new Manifests()
  manifests.read('pods.yaml', pod('one', '10.0.0.1'))
  for (const host of ['api.one.svc.cluster.local.', 'svc.example.', 'api.shop.example.']) {
    manifests.read('entry.yaml', entry(host))
    assert.deepEqual(manifests.hosts, [host])
  }
  manifests.read('entry.yaml', entry('api.shop.svc.cluster.local.'))
  assert.deepEqual(manifests.hosts, ['api.shop.svc.cluster.local.', 'client of shop at 10.0.0.1'])
})
