import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toKey } from '#src/dns/name.ts'
import { HostIndex } from '#src/feeds/cluster-index/host-index.ts'
import type { Node } from '#src/feeds/kubernetes/objects.ts'

const node = (version: string, ...addresses: readonly string[]): Node => ({
  kind: 'Node',
  namespace: '',
  name: 'worker',
  hosts: [toKey('worker.east')],
  addresses: { InternalIP: addresses, ExternalIP: [] },
  version,
})

test('an update that changes nothing but the version of an object drops no answers', () => {
  const index = new HostIndex()
  const versionAfter = (object: Node | undefined) => {
    index.change('worker', object)
    return index.version
  }
  const known = versionAfter(node('1', '\n\0\0\x01'))
  assert.equal(versionAfter(node('2', '\n\0\0\x01')), known)
  assert.notEqual(versionAfter(node('3', '\n\0\0\x02')), known)
  assert.deepEqual(
    index.of(toKey('worker.east')).map(({ version }) => version),
    ['3'],
  )
  const isAbove = () => index.isAbove(['Node'], toKey('east'), '')
  assert.equal(isAbove(), true)
  versionAfter(undefined)
  assert.equal(isAbove(), false)
  assert.deepEqual(index.of(toKey('worker.east')), [])
})
