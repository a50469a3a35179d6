import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mesh } from '../../bench/registry.ts'
import { sample } from '../../bench/verify.ts'

test('a sample has as many names as wanted, each once, with their addresses', () => {
  const names = sample(mesh, 20)
  assert.equal(new Set(names.map(({ name }) => name)).size, 20)
  for (const { name, addresses } of names) {
    assert.deepEqual(addresses, mesh.entries.find(entry => entry.name === name)!.addresses)
  }
})
