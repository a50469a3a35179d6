/** Who sees what: `exportTo`. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ask, octets, record, registryOf } from './asking.ts'

const ADDRESS = /\S+$/

/** The addresses of a name, or why there are none. */
const told = (registry: ReturnType<typeof registryOf>, name: string, client?: string, type = 'A'): string => {
  const answer = ask(registry, name, type, client)
  return typeof answer === 'string' ? answer : answer.map(line => ADDRESS.exec(line)![0]).join(' ')
}

suite('a Service is seen by the clients that it is exported to', () => {
  const cases: readonly [exportTo: readonly string[] | undefined, own: boolean, other: boolean, unknown: boolean][] = [
    [undefined, true, true, true],
    [[], true, true, true],
    [['*'], true, true, true],
    [['.', '*'], true, true, true],
    [['.'], true, false, false],
    [['other'], false, true, false],
    [['.', 'other'], true, true, false],
    [['third'], false, false, false],
    [['~'], false, false, false],
    [['.', ''], true, false, false],
    [['.', '~'], false, false, false],
  ]
  for (const [exportTo, own, other, unknown] of cases) {
    test(`exportTo: ${exportTo?.join(',') ?? 'nothing said'}`, () => {
      const registry = registryOf([
        record('a.default.svc', [{ addresses: ['10.1.0.1'], hostnames: ['a-0'] }], { ...(exportTo && { exportTo }) }),
      ])
      assert.equal(registry.restricted, !unknown)
      for (const [client, sees] of [
        ['default', own],
        ['other', other],
        ['', unknown],
      ] as const) {
        const expected = sees ? '10.1.0.1' : 'NXDOMAIN'
        for (const name of ['a', 'a-0.a', '10-1-0-1.a'])
          assert.equal(told(registry, `${name}.default.svc.cluster.local.`, client), expected, `${name} to '${client}'`)
        assert.equal(
          told(registry, '1.0.1.10.in-addr.arpa.', client, 'PTR'),
          sees ? 'a-0.a.default.svc.cluster.local.' : 'not known',
        )
        assert.equal(told(registry, 'default.svc.cluster.local.', client), '', 'the namespace is there for all')
      }
    })
  }
})

test('of one host, each client sees what it is exported', () => {
  const host = 'api.example.com.'
  const entry = (namespace: string, address: string, exportTo: readonly string[]) =>
    record(host, [{ addresses: [address] }], { namespace, exportTo })
  const registry = registryOf([
    entry('one', '192.0.2.1', ['.']),
    entry('two', '192.0.2.2', ['.']),
    entry('three', '192.0.2.3', ['*']),
    record('*.example.com.', [{ addresses: ['192.0.2.9'] }]),
    record('only.example.com.', [{ addresses: ['192.0.2.4'] }], { namespace: 'one', exportTo: ['.'] }),
    record('*.one.example.com.', [{ addresses: ['192.0.2.5'] }], { namespace: 'one', exportTo: ['.'] }),
  ])
  assert.equal(told(registry, host, 'one'), '192.0.2.1')
  assert.equal(told(registry, host, 'two'), '192.0.2.2')
  assert.equal(told(registry, host, 'four'), '192.0.2.3')
  assert.equal(told(registry, host, ''), '192.0.2.3')
  // What is hidden does not hide what is behind it.
  assert.equal(told(registry, 'only.example.com.', 'one'), '192.0.2.4')
  assert.equal(told(registry, 'only.example.com.', 'two'), '192.0.2.9')
  assert.equal(told(registry, 'x.one.example.com.', 'one'), '192.0.2.5')
  assert.equal(told(registry, 'x.one.example.com.', 'two'), '192.0.2.9')
  // A change is seen in every view.
  registry.apply(0, '0', entry('one', '192.0.2.7', ['.']), entry('one', '192.0.2.1', ['.']))
  assert.equal(told(registry, host, 'one'), '192.0.2.7')
})

test('of the namespaces that have a host, one counts: the own, else the one that exports it by name, else the oldest', () => {
  const host = 'api.example.com.'
  const entry = (namespace: string, number: number, more = {}) =>
    record(host, [{ addresses: [`192.0.2.${number}`] }], { namespace, vips: [octets(`240.240.0.${number}`)], ...more })
  const registry = registryOf([
    entry('young', 1, { created: 300 }),
    entry('old', 2, { created: 100 }),
    entry('old', 3, { created: 400 }),
    entry('named', 4, { created: 500, exportTo: ['friend'] }),
    entry('old as well', 5, { created: 100 }),
  ])
  const oldest = '192.0.2.2 192.0.2.3'
  for (const [client, addresses] of [
    ['', oldest],
    ['somebody', oldest],
    ['old', oldest],
    ['young', '192.0.2.1'],
    ['friend', '192.0.2.4'],
    ['named', oldest],
  ] as const)
    assert.equal(told(registry, host, client), addresses, client)
  const reverse = (number: number, client: string) => told(registry, `${number}.0.240.240.in-addr.arpa.`, client, 'PTR')
  assert.deepEqual(
    [1, 2, 3, 4].map(number => reverse(number, 'somebody')),
    ['not known', host, host, 'not known'],
  )
  assert.deepEqual(
    [1, 2, 3, 4].map(number => reverse(number, 'young')),
    [host, 'not known', 'not known', 'not known'],
  )
  // As long as they are there.
  registry.apply(0, '1', undefined, entry('old', 2, { created: 100 }))
  assert.equal(told(registry, host, ''), '192.0.2.5')
  registry.apply(0, '4', undefined, entry('old as well', 5, { created: 100 }))
  assert.equal(told(registry, host, ''), '192.0.2.1')
  for (const id of ['3', '2']) registry.apply(0, id, undefined, entry('old', 3))
  assert.equal(registry.restricted, false)
})

test('of each source, one namespace counts', () => {
  const host = 'api.example.com.'
  const entry = (namespace: string, address: string) => record(host, [{ addresses: [address] }], { namespace })
  const registry = registryOf([entry('a', '192.0.2.1'), entry('b', '192.0.2.2')])
  registry.apply(1, '0', entry('b', '192.0.2.3'), undefined)
  registry.apply(1, '1', entry('c', '192.0.2.4'), undefined)
  assert.equal(told(registry, host, ''), '192.0.2.1 192.0.2.3')
  assert.equal(told(registry, host, 'b'), '192.0.2.2 192.0.2.3')
  assert.equal(told(registry, host, 'c'), '192.0.2.1 192.0.2.4')
})

test('a ServiceEntry stands before the Service of another namespace, for clients of its own', () => {
  const host = 'a.default.svc.cluster.local.'
  const entry = (namespace: string, address: string) => record(host, [{ addresses: [address] }], { namespace })
  const service = record('a.default.svc', [{ addresses: ['10.1.0.1'] }])
  const registry = registryOf([entry('other', '192.0.2.1'), service])
  registry.apply(1, '0', record('a.default.svc', [{ addresses: ['10.2.0.1'] }]), undefined)
  for (const [client, addresses] of [
    ['', '10.1.0.1 10.2.0.1'],
    ['default', '10.1.0.1 10.2.0.1'],
    ['third', '10.1.0.1 10.2.0.1'],
    ['other', '192.0.2.1'],
  ] as const)
    assert.equal(told(registry, host, client), addresses, client)
  assert.equal(told(registry, '1.0.1.10.in-addr.arpa.', 'other', 'PTR'), 'not known')
  registry.apply(0, '0', undefined, entry('other', '192.0.2.1'))
  assert.equal(registry.restricted, false)
  assert.equal(told(registry, host), '10.1.0.1 10.2.0.1')
  // Of whatever source it is; istiod does not always tell a namespace.
  for (const [id, namespace] of ['other', ''].entries()) registry.apply(1, `${id}`, entry(namespace, '192.0.2.3'), undefined)
  assert.equal(told(registry, host, 'other'), '192.0.2.3')
  assert.equal(told(registry, host, ''), '10.1.0.1')
})

test('a Service that is hidden does not hide a ServiceEntry of the same host', () => {
  const registry = registryOf([
    record('a.default.svc', [{ addresses: ['10.1.0.1'] }], { exportTo: ['.'] }),
    record('a.default.svc.cluster.local.', [{ addresses: ['192.0.2.1'] }], { namespace: 'other' }),
  ])
  assert.equal(told(registry, 'a.default.svc.cluster.local.', 'default'), '10.1.0.1')
  assert.equal(told(registry, 'a.default.svc.cluster.local.', 'other'), '192.0.2.1')
})

test('where a source does not tell who sees a host, those do for whom another source tells of it', () => {
  const host = 'a.default.svc'
  const untold = (address: string) => record(host, [{ addresses: [address] }], { exportUntold: true })
  const registry = registryOf([untold('10.2.0.1')])
  assert.equal(told(registry, `${host}.cluster.local.`, 'other'), '10.2.0.1')
  const hidden = record(host, [{ addresses: ['10.1.0.1'] }], { exportTo: ['.'] })
  registry.apply(1, 'told', hidden, undefined)
  assert.deepEqual(
    ['default', 'other', ''].map(client => told(registry, `${host}.cluster.local.`, client)),
    ['10.2.0.1 10.1.0.1', 'NXDOMAIN', 'NXDOMAIN'],
  )
  registry.apply(1, 'told', record(host, [{ addresses: ['10.1.0.1'] }]), hidden)
  assert.equal(told(registry, `${host}.cluster.local.`, 'other'), '10.2.0.1 10.1.0.1')
})

suite('of a ServiceEntry, the source that does not tell who sees it', () => {
  const host = 'api.example.com.'
  const cases: readonly [title: string, untold: string, told: readonly Parameters<typeof record>[2][], seen: boolean][] = [
    ['tells the namespace: that of what is hidden', 'one', [{ namespace: 'one', exportTo: ['.'] }], false],
    ['tells the namespace: that of what is shown', 'two', [{ namespace: 'one', exportTo: ['.'] }, { namespace: 'two' }], true],
    ['tells the namespace, of which nobody else tells', 'two', [{ namespace: 'one', exportTo: ['.'] }], true],
    ['tells no namespace: what is hidden may be meant', '', [{ namespace: 'one', exportTo: ['.'] }], false],
    ['tells no namespace: what is shown may be meant', '', [{ namespace: 'one', exportTo: ['.'] }, { namespace: 'two' }], true],
    ['does not mean the Service', '', [{ kind: 'Service', exportTo: ['.'] }], true],
  ]
  for (const [title, namespace, known, isSeen] of cases)
    test(title, () => {
      const registry = registryOf([record(host, [{ addresses: ['192.0.2.1'] }], { namespace, exportUntold: true })])
      for (const [i, more] of known.entries()) registry.apply(1, String(i), record(host, [], more), undefined)
      assert.equal(/192\.0\.2\.1/.test(told(registry, host, 'other')), isSeen)
    })
})

test('of the namespaces that have a host, the same one counts in a source that does not tell who sees it', () => {
  const host = 'api.example.com.'
  const entries = [
    { namespace: 'one', exportTo: ['third'], created: 2 },
    { namespace: 'two', created: 1 },
  ]
  // istiod tells which one is the oldest.
  const untold = [
    { namespace: 'one', exportUntold: true, created: 1 },
    { namespace: 'two', exportUntold: true },
  ] as const
  const registry = registryOf(entries.map((more, i) => record(host, [{ addresses: [`192.0.2.${i + 1}`] }], more)))
  for (const [i, more] of untold.entries())
    registry.apply(1, String(i), record(host, [{ addresses: [`192.0.2.1${i + 1}`] }], more), undefined)
  assert.deepEqual(
    ['one', 'third', 'fourth', ''].map(client => told(registry, host, client)),
    ['192.0.2.2 192.0.2.12', '192.0.2.1 192.0.2.11', '192.0.2.2 192.0.2.12', '192.0.2.2 192.0.2.12'],
  )
})

test('it matters who asks only as long as something is not for everybody', () => {
  const hidden = record('a.default.svc', [], { exportTo: ['.'] })
  const registry = registryOf([hidden, record('b.default.svc')])
  assert.equal(registry.restricted, true)
  registry.apply(0, '0', record('a.default.svc'), hidden)
  assert.equal(registry.restricted, false)
  registry.apply(0, '0', hidden, record('a.default.svc'))
  assert.equal(registry.restricted, true)
  registry.apply(0, '0', undefined, hidden)
  assert.equal(registry.restricted, false)
})

test('clients are of the namespace that has their address now', () => {
  const registry = registryOf([])
  const client = (namespace: string, ...addresses: string[]) =>
    ({ kind: 'Client', namespace, addresses: addresses.map(octets) }) as const
  const [old, young] = [client('one', '10.0.0.1', 'fd00::1'), client('two', '10.0.0.1')]
  assert.equal(registry.namespaceOf('10.0.0.1'), '')
  registry.apply(0, 'old', old, undefined)
  assert.deepEqual(
    ['10.0.0.1', 'fd00::1', '10.0.0.2', 'x'].map(each => registry.namespaceOf(each)),
    ['one', 'one', '', ''],
  )
  // The address has gone over to another pod before the first one is gone.
  registry.apply(0, 'young', young, undefined)
  registry.apply(0, 'old', undefined, old)
  assert.deepEqual(
    ['10.0.0.1', 'fd00::1'].map(each => registry.namespaceOf(each)),
    ['two', ''],
  )
  registry.apply(0, 'young', undefined, young)
  assert.equal(registry.namespaceOf('10.0.0.1'), '')
})

test('a client whose address others have in other clusters is of the first source that has it', () => {
  const registry = registryOf([])
  const client = (namespace: string) => ({ kind: 'Client', namespace, addresses: [octets('10.0.0.1')] }) as const
  const [here, there] = [client('here'), client('there')]
  registry.apply(2, 'there', there, undefined)
  assert.equal(registry.namespaceOf('10.0.0.1'), 'there')
  registry.apply(0, 'here', here, undefined)
  registry.apply(2, 'there', client('there'), there)
  assert.equal(registry.namespaceOf('10.0.0.1'), 'here')
  registry.apply(0, 'here', undefined, here)
  assert.equal(registry.namespaceOf('10.0.0.1'), 'there')
})
