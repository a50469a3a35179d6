import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostRecord } from '#src/registry/record.ts'
import { typeCode } from '#test/support/names.ts'
import { ask, linesOf, nameOf, octets, record, registryOf } from './asking.ts'

const NAME = 'a.default.svc.cluster.local.'
const host = (address: string, more: Partial<HostRecord> = {}) => record('a.default.svc', [{ addresses: [address] }], more)

/** What is kept of a name, after it was asked for. */
function kept(registry: ReturnType<typeof registryOf>, name: string, type = 'A') {
  ask(registry, name, type, '')
  const known = registry.find(nameOf(name), '')
  // Those of a host that are not all there is to say are asked for, too.
  if (known && 'records' in known) known.records(typeCode(type), nameOf(name).key)
  const records = registry.answers.get(nameOf(name), typeCode(type))
  return records && linesOf(name, type, records)
}

test('addresses are kept when they are asked for, and dropped when the host changes', () => {
  const registry = registryOf([host('10.1.0.1')])
  assert.equal(registry.answers.get(nameOf(NAME), typeCode('A')), undefined)
  assert.deepEqual(kept(registry, NAME), [`${NAME} 5 IN A 10.1.0.1`])
  registry.apply(0, '0', host('10.1.0.2'), host('10.1.0.1'))
  assert.equal(registry.answers.get(nameOf(NAME), typeCode('A')), undefined)
  assert.deepEqual(kept(registry, NAME), [`${NAME} 5 IN A 10.1.0.2`])
  registry.apply(1, 'x', host('fd00::1'), undefined)
  assert.deepEqual(kept(registry, NAME, 'AAAA'), [`${NAME} 5 IN AAAA fd00::1`])
  assert.deepEqual(kept(registry, NAME), [`${NAME} 5 IN A 10.1.0.2`])
  registry.apply(0, '0', undefined, host('10.1.0.2'))
  assert.equal(kept(registry, NAME), undefined)
  registry.apply(1, 'x', undefined, host('fd00::1'))
  assert.equal(kept(registry, NAME, 'AAAA'), undefined)
})

test('of a host that some do not see, nothing is kept, nor of what some see of it', () => {
  const hidden = host('10.1.0.1', { exportTo: ['.'] })
  const registry = registryOf([hidden])
  assert.equal(kept(registry, NAME), undefined)
  registry.apply(1, 'x', host('10.1.0.2'), undefined)
  assert.equal(kept(registry, NAME), undefined)
  registry.apply(0, '0', undefined, hidden)
  assert.deepEqual(kept(registry, NAME), [`${NAME} 5 IN A 10.1.0.2`])
  registry.apply(0, '0', hidden, undefined)
  assert.equal(kept(registry, NAME), undefined)
})

for (const [why, of, name] of [
  ['there is none', record('a.default.svc'), NAME],
  ['it is another name', host('10.1.0.1', { alias: nameOf('b.example.').key }), NAME],
  ['some are names', host('10.1.0.1', { targets: [{ name: nameOf('b.example.').key, ports: [] }] }), NAME],
  ['the name is one of many', record('*.example.', [{ addresses: ['10.1.0.1'] }]), 'a.example.'],
  ['the name is that of an endpoint', host('10.1.0.1'), `10-1-0-1.${NAME}`],
] as const) {
  test(`nothing is kept where ${why}`, () => {
    assert.equal(kept(registryOf([of]), name), undefined)
  })
}

test('virtual addresses are kept, too', () => {
  const registry = registryOf([host('10.1.0.1', { vips: [octets('172.16.0.1')] })], { answer: 'vip' })
  assert.deepEqual(kept(registry, NAME), [`${NAME} 5 IN A 172.16.0.1`])
})

test('a wildcard does not drop what is kept of the host whose name it stands below', () => {
  const registry = registryOf([record('example.', [{ addresses: ['10.1.0.1'] }])])
  assert.deepEqual(kept(registry, 'example.'), ['example. 5 IN A 10.1.0.1'])
  registry.apply(0, 'x', record('*.example.', [{ addresses: ['10.1.0.2'] }]), undefined)
  assert.ok(registry.answers.get(nameOf('example.'), typeCode('A')))
})
