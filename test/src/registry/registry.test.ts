import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { toKey } from '#src/dns/name.ts'
import { ask, HTTP, linesOf, octets, record, registryOf } from './asking.ts'

const SPECIAL = '__proto__'

suite('names', () => {
  const registry = registryOf(
    [
      record('backend.default.svc', [{ addresses: ['10.1.0.1', '10.1.0.2'] }, { addresses: ['10.1.0.2', '10.1.0.3'] }], {
        vips: [octets('10.96.0.1')],
      }),
      record('db.data.svc', [
        { addresses: ['10.2.0.1', '10.2.0.2', '10.2.0.3'], hostnames: ['db-0', '', 'db-0'] },
        { addresses: ['fd00::1', 'fd00::'], hostnames: ['db-0', ''] },
      ]),
      record('empty.default.svc'),
      record(`${SPECIAL}.constructor.svc`, [{ addresses: ['10.3.0.1'] }]),
      record('lonely.svc', [], { kind: 'Namespace' }),
      record('api.example.com.', [{ addresses: ['192.0.2.1'] }]),
      record('*.apps.example.com.', [{ addresses: ['192.0.2.2'] }]),
      record('*.eu.apps.example.com.', [{ addresses: ['192.0.2.3'] }]),
      record('deep.below.eu.apps.example.com.', [{ addresses: ['192.0.2.4'] }]),
      record('away.example.com.', [], { elsewhere: true }),
      record('alias.default.svc', [], { alias: toKey('www.example.org') }),
      record('names.example.com.', [], { targets: [{ name: toKey('a.example.net'), ports: [HTTP] }] }),
    ],
    { zones: ['cluster.local.', '10.in-addr.arpa.'] },
  )

  const srv = (target: string, port: number, weight = 33) => `0 ${weight} ${port} ${target}`

  const cases: readonly [title: string, name: string, type: string, expected: string | readonly string[]][] = [
    ['every endpoint once, over all slices', 'backend.default.svc.cluster.local.', 'A', ['A 10.1.0.1', 'A 10.1.0.2', 'A 10.1.0.3']],
    ['no address of the family', 'backend.default.svc.cluster.local.', 'AAAA', []],
    ['no records of another type', 'backend.default.svc.cluster.local.', 'TXT', []],
    ['a service without endpoints', 'empty.default.svc.cluster.local.', 'A', []],
    ['labels that are properties of every object', `${SPECIAL}.constructor.svc.cluster.local.`, 'A', ['A 10.3.0.1']],
    ['properties of every object that are no labels', 'toString.default.svc.cluster.local.', 'A', 'NXDOMAIN'],
    ['an unknown service', 'backen.default.svc.cluster.local.', 'A', 'NXDOMAIN'],
    ['a search path on top', 'backend.default.svc.cluster.local.default.svc.cluster.local.', 'A', 'NXDOMAIN'],
    ['a namespace that has services', 'default.svc.cluster.local.', 'A', []],
    ['a namespace that has none', 'lonely.svc.cluster.local.', 'A', []],
    ['an unknown namespace', 'nowhere.svc.cluster.local.', 'A', 'NXDOMAIN'],
    ['svc', 'svc.cluster.local.', 'A', []],
    ['the zone', 'cluster.local.', 'A', []],
    ['the parent of the zone', 'local.', 'A', 'not known'],
    ['the root', '.', 'NS', 'not known'],
    ['a dotted label is not several', 'backend\\.default.svc.cluster.local.', 'A', 'NXDOMAIN'],

    ['an endpoint by address', '10-1-0-2.backend.default.svc.cluster.local.', 'A', ['A 10.1.0.2']],
    ['an endpoint by hostname, both families', 'db-0.db.data.svc.cluster.local.', 'A', ['A 10.2.0.1', 'A 10.2.0.3']],
    ['an endpoint by hostname, IPv6', 'db-0.db.data.svc.cluster.local.', 'AAAA', ['AAAA fd00::1']],
    ['an endpoint with a hostname by address, too', '10-2-0-1.db.data.svc.cluster.local.', 'A', ['A 10.2.0.1']],
    ['an endpoint by IPv6 address', 'fd00--1.db.data.svc.cluster.local.', 'AAAA', ['AAAA fd00::1']],
    ['an endpoint by IPv6 address that ends in colons', 'fd00--0.db.data.svc.cluster.local.', 'AAAA', ['AAAA fd00::']],
    ['an endpoint by another way to write its address', 'fd00-0--1.db.data.svc.cluster.local.', 'AAAA', 'NXDOMAIN'],
    ['an endpoint by an address with leading zeros', '10-01-0-2.backend.default.svc.cluster.local.', 'A', 'NXDOMAIN'],
    ['an endpoint has no other family', 'fd00--1.db.data.svc.cluster.local.', 'A', []],
    ['an endpoint has no records of another type', 'fd00--1.db.data.svc.cluster.local.', 'TXT', []],
    ['the virtual address is no endpoint', '10-96-0-1.backend.default.svc.cluster.local.', 'A', 'NXDOMAIN'],
    ['an address of another service', '10-2-0-1.backend.default.svc.cluster.local.', 'A', 'NXDOMAIN'],
    ['below an endpoint', 'x.10-1-0-2.backend.default.svc.cluster.local.', 'A', 'NXDOMAIN'],
    ['an endpoint is right below its service', '10-1-0-2.x.y.backend.default.svc.cluster.local.', 'A', 'NXDOMAIN'],

    ['SRV', '_http._tcp.backend.default.svc.cluster.local.', 'SRV', [
      `SRV ${srv('10-1-0-1.backend.default.svc.cluster.local.', 8080)}`,
      `SRV ${srv('10-1-0-2.backend.default.svc.cluster.local.', 8080)}`,
      `SRV ${srv('10-1-0-3.backend.default.svc.cluster.local.', 8080)}`,
      '10-1-0-1.backend.default.svc.cluster.local. A 10.1.0.1',
      '10-1-0-2.backend.default.svc.cluster.local. A 10.1.0.2',
      '10-1-0-3.backend.default.svc.cluster.local. A 10.1.0.3',
    ]],
    ['SRV, endpoints with one hostname', '_http._tcp.db.data.svc.cluster.local.', 'SRV', [
      `SRV ${srv('db-0.db.data.svc.cluster.local.', 8080)}`,
      `SRV ${srv('10-2-0-2.db.data.svc.cluster.local.', 8080)}`,
      `SRV ${srv('fd00--0.db.data.svc.cluster.local.', 8080)}`,
      'db-0.db.data.svc.cluster.local. A 10.2.0.1',
      '10-2-0-2.db.data.svc.cluster.local. A 10.2.0.2',
      'db-0.db.data.svc.cluster.local. A 10.2.0.3',
      'db-0.db.data.svc.cluster.local. AAAA fd00::1',
      'fd00--0.db.data.svc.cluster.local. AAAA fd00::',
    ]],
    ['SRV without endpoints', '_http._tcp.empty.default.svc.cluster.local.', 'SRV', []],
    ['SRV of endpoints that are names', '_http._tcp.names.example.com.', 'SRV', [`SRV ${srv('a.example.net.', 8080, 100)}`]],
    ['the name of an SRV has no address', '_http._tcp.backend.default.svc.cluster.local.', 'A', []],
    ['a protocol in front of a service', '_tcp.backend.default.svc.cluster.local.', 'A', []],
    ['a protocol that no port has', '_udp.backend.default.svc.cluster.local.', 'A', 'NXDOMAIN'],
    ['a port that is not there', '_https._tcp.backend.default.svc.cluster.local.', 'SRV', 'NXDOMAIN'],
    ['a port and a protocol in one label', '_http\\._tcp.backend.default.svc.cluster.local.', 'SRV', 'NXDOMAIN'],
    ['a port without underscores', 'http.tcp.backend.default.svc.cluster.local.', 'SRV', 'NXDOMAIN'],

    ['a host outside the zones', 'api.example.com.', 'A', ['A 192.0.2.1']],
    ['a host outside the zones without records', 'api.example.com.', 'MX', []],
    ['a name above it', 'example.com.', 'A', 'not known'],
    ['a name below it', 'www.api.example.com.', 'A', 'not known'],
    ['a wildcard', 'shop.apps.example.com.', 'A', ['A 192.0.2.2']],
    ['a wildcard over several labels', 'a.b.c.apps.example.com.', 'A', ['A 192.0.2.2']],
    ['the name that a wildcard is below', 'apps.example.com.', 'A', 'not known'],
    ['the more specific wildcard', 'shop.eu.apps.example.com.', 'A', ['A 192.0.2.3']],
    ['what a more specific wildcard is below', 'eu.apps.example.com.', 'A', ['A 192.0.2.2']],
    ['a name above a host is no hole in a wildcard', 'below.eu.apps.example.com.', 'A', ['A 192.0.2.3']],
    ['a host below a wildcard', 'deep.below.eu.apps.example.com.', 'A', ['A 192.0.2.4']],
    ['SRV under a wildcard', '_http._tcp.shop.apps.example.com.', 'SRV', [
      `SRV ${srv('shop.apps.example.com.', 8080, 100)}`,
      'shop.apps.example.com. A 192.0.2.2',
    ]],
    ['SRV of the name that a wildcard is below', '_http._tcp.apps.example.com.', 'SRV', []],
    ['the star itself', '*.apps.example.com.', 'A', ['A 192.0.2.2']],

    ['a host that the DNS knows', 'away.example.com.', 'A', 'elsewhere'],
    ['a port of a host that the DNS knows', '_http._tcp.away.example.com.', 'SRV', 'not known'],
    ['an alias', 'alias.default.svc.cluster.local.', 'A', 'alias'],
    ['endpoints that are names', 'names.example.com.', 'A', 'targets'],

    ['PTR of an endpoint', '1.0.1.10.in-addr.arpa.', 'PTR', ['PTR 10-1-0-1.backend.default.svc.cluster.local.']],
    ['PTR of an endpoint with a hostname', '1.0.2.10.in-addr.arpa.', 'PTR', ['PTR db-0.db.data.svc.cluster.local.']],
    ['PTR of a virtual address', '1.0.96.10.in-addr.arpa.', 'PTR', ['PTR backend.default.svc.cluster.local.']],
    ['PTR of an IPv6 endpoint', `1.${'0.'.repeat(27)}0.0.d.f.ip6.arpa.`, 'PTR', ['PTR db-0.db.data.svc.cluster.local.']],
    ['PTR of an endpoint of a ServiceEntry', '1.2.0.192.in-addr.arpa.', 'PTR', ['PTR api.example.com.']],
    ['PTR of an endpoint of a wildcard', '2.2.0.192.in-addr.arpa.', 'PTR', 'not known'],
    ['a reverse name has no address', '1.0.1.10.in-addr.arpa.', 'A', []],
    ['a reverse name outside the zones has none either', '1.2.0.192.in-addr.arpa.', 'A', []],
    ['an unknown address in a reverse zone', '9.0.1.10.in-addr.arpa.', 'PTR', 'NXDOMAIN'],
    ['a network in a reverse zone', '1.10.in-addr.arpa.', 'PTR', 'unsure'],
    ['an unknown address', '9.2.0.192.in-addr.arpa.', 'PTR', 'not known'],
    ['no address', '1.1.0.1.10.in-addr.arpa.', 'PTR', 'NXDOMAIN'],
  ] // biome-ignore format: a table

  for (const [title, name, type, expected] of cases) {
    test(title, () => {
      const lines = typeof expected === 'string' ? expected : expected.map(line => fill(name, line))
      assert.deepEqual(ask(registry, name, type), lines)
    })
  }

  /** `A 10.1.0.1` or `OWNER A 10.1.0.1` with owner, TTL and class filled in. */
  function fill(name: string, line: string): string {
    const [, owner = name, rest] = /^(?:(\S+\.) )?((?:A|AAAA|SRV|PTR) .*)$/.exec(line)!
    return `${owner} 5 IN ${rest}`
  }
})

suite('virtual addresses', () => {
  const registry = registryOf(
    [
      record('backend.default.svc', [{ addresses: ['10.1.0.1'] }], { vips: [octets('10.96.0.1'), octets('fd00::96')] }),
      record('db.default.svc', [{ addresses: ['10.2.0.1'] }]),
      record('names.example.com.', [], { vips: [octets('240.240.0.1')], targets: [{ name: toKey('a.example.net'), ports: [] }] }),
      record('away.example.com.', [], { vips: [octets('240.240.0.2')], elsewhere: true }),
    ],
    { answer: 'vip' },
  )
  const backend = 'backend.default.svc.cluster.local.'

  test('stand for the endpoints', () => {
    assert.deepEqual(ask(registry, backend, 'A'), [`${backend} 5 IN A 10.96.0.1`])
    assert.deepEqual(ask(registry, backend, 'AAAA'), [`${backend} 5 IN AAAA fd00::96`])
  })
  test('have one SRV record, with the port of the service', () => {
    assert.deepEqual(ask(registry, `_http._tcp.${backend}`, 'SRV'), [
      `_http._tcp.${backend} 5 IN SRV 0 100 80 ${backend}`,
      `${backend} 5 IN A 10.96.0.1`,
      `${backend} 5 IN AAAA fd00::96`,
    ])
  })
  test('stand for endpoints that are names, and for hosts that the DNS knows', () => {
    assert.deepEqual(ask(registry, 'names.example.com.', 'A'), ['names.example.com. 5 IN A 240.240.0.1'])
    assert.deepEqual(ask(registry, 'away.example.com.', 'A'), ['away.example.com. 5 IN A 240.240.0.2'])
  })
  test('are missing from a headless service, which is answered with its endpoints', () => {
    assert.deepEqual(ask(registry, 'db.default.svc.cluster.local.', 'A'), ['db.default.svc.cluster.local. 5 IN A 10.2.0.1'])
  })
})

suite('several sources', () => {
  const name = 'backend.default.svc.cluster.local.'
  const addresses = (registry: ReturnType<typeof registryOf>, host = name) => {
    const told = ask(registry, host, 'A')
    return typeof told === 'string' ? told : told.map(line => line.split(' ').at(-1))
  }
  const one = record('backend.default.svc', [{ addresses: ['10.1.0.1', '10.1.0.2'] }], { vips: [octets('10.96.0.1')] })
  const other = record('backend.default.svc', [{ addresses: ['10.1.0.2', '10.9.0.1'] }], { vips: [octets('10.97.0.1')] })

  test('endpoints are united, each once', () => {
    const registry = registryOf([])
    registry.apply(1, 'x', other, undefined)
    registry.apply(0, 'x', one, undefined)
    assert.deepEqual(addresses(registry), ['10.1.0.1', '10.1.0.2', '10.9.0.1'])
    registry.apply(0, 'x', undefined, one)
    assert.deepEqual(addresses(registry), ['10.1.0.2', '10.9.0.1'])
    assert.equal(ask(registry, '1.0.1.10.in-addr.arpa.', 'PTR'), 'not known')
    assert.notEqual(ask(registry, '2.0.1.10.in-addr.arpa.', 'PTR'), 'not known')
    registry.apply(1, 'x', undefined, other)
    assert.equal(addresses(registry), 'NXDOMAIN')
    assert.equal(ask(registry, 'default.svc.cluster.local.', 'A'), 'NXDOMAIN')
  })
  test('the virtual address is that of the first source that has one', () => {
    const registry = registryOf([], { answer: 'vip' })
    registry.apply(1, 'x', other, undefined)
    assert.deepEqual(addresses(registry), ['10.97.0.1'])
    registry.apply(0, 'x', one, undefined)
    assert.deepEqual(addresses(registry), ['10.96.0.1'])
  })
  test('a Service beats a ServiceEntry, which comes back when the Service goes', () => {
    const entry = record(name, [{ addresses: ['192.0.2.1'] }])
    const registry = registryOf([entry])
    registry.apply(1, 'x', one, undefined)
    assert.deepEqual(addresses(registry), ['10.1.0.1', '10.1.0.2'])
    assert.equal(ask(registry, '1.2.0.192.in-addr.arpa.', 'PTR'), 'not known')
    registry.apply(1, 'x', undefined, one)
    assert.deepEqual(addresses(registry), ['192.0.2.1'])
    assert.notEqual(ask(registry, '1.2.0.192.in-addr.arpa.', 'PTR'), 'not known')
  })
  test('an address that a ServiceEntry gives up has no name any more', () => {
    const entry = record('api.example.com.', [{ addresses: ['192.0.2.1'] }])
    const registry = registryOf([entry])
    registry.apply(0, '0', record('api.example.com.', [{ addresses: ['192.0.2.2'] }]), entry)
    assert.equal(ask(registry, '1.2.0.192.in-addr.arpa.', 'PTR'), 'not known')
    assert.equal(ask(registry, '2.2.0.192.in-addr.arpa.', 'PTR').length, 1)
  })
  test('addresses are called by what has them now, whether or not somebody has asked before', () => {
    for (const asked of [false, true]) {
      const registry = registryOf([one])
      if (asked) ask(registry, '1.0.1.10.in-addr.arpa.', 'PTR')
      registry.apply(0, '0', other, one)
      registry.apply(0, '1', record('c.default.svc', [{ addresses: ['10.1.0.3'] }]), undefined)
      registry.apply(0, '1', undefined, record('c.default.svc', [{ addresses: ['10.1.0.3'] }]))
      const called = ['10.1.0.1', '10.1.0.2', '10.9.0.1', '10.1.0.3'].map(address => {
        const told = ask(registry, `${address.split('.').reverse().join('.')}.in-addr.arpa.`, 'PTR')
        return typeof told === 'string' ? told : told.map(line => line.split(' ').at(-1)!.split('.')[0])
      })
      assert.deepEqual(called, ['not known', ['10-1-0-2'], ['10-9-0-1'], 'not known'], `asked before: ${asked}`)
    }
  })
  test('two ServiceEntries of one host are united', () => {
    const entries = ['192.0.2.1', '192.0.2.2'].map(address => record('api.example.com.', [{ addresses: [address] }]))
    assert.deepEqual(addresses(registryOf(entries), 'api.example.com.'), ['192.0.2.1', '192.0.2.2'])
  })
  test('an address of two endpoints of a service has the names of both', () => {
    const twice = { addresses: ['10.1.0.1', '10.1.0.1'], hostnames: ['db-0', 'db-1'] }
    const names = ask(registryOf([record('db.default.svc', [twice])]), '1.0.1.10.in-addr.arpa.', 'PTR')
    assert.deepEqual(
      names,
      ['db-0', 'db-1'].map(name => `1.0.1.10.in-addr.arpa. 5 IN PTR ${name}.db.default.svc.cluster.local.`),
    )
  })
  test('an address of two services has two names', () => {
    const registry = registryOf(['a.default.svc', 'b.default.svc'].map(host => record(host, [{ addresses: ['10.1.0.1'] }])))
    assert.equal(ask(registry, '1.0.1.10.in-addr.arpa.', 'PTR').length, 2)
  })
  test('the same record told twice is one', () => {
    const registry = registryOf([])
    registry.apply(0, 'x', one, undefined)
    registry.apply(0, 'x', one, undefined)
    registry.apply(0, 'x', undefined, one)
    assert.equal(addresses(registry), 'NXDOMAIN')
  })
  test('what was never told is not taken away', () => {
    const registry = registryOf([one])
    registry.apply(0, 'y', undefined, one)
    assert.deepEqual(addresses(registry), ['10.1.0.1', '10.1.0.2'])
  })
})

suite('zones', () => {
  test('services are named in each of them, and called by the first', () => {
    const registry = registryOf([record('a.default.svc', [{ addresses: ['10.1.0.1'] }])], {
      zones: ['10.in-addr.arpa.', 'mesh.example.', 'cluster.local.'],
    })
    for (const zone of ['mesh.example', 'cluster.local'])
      assert.equal(ask(registry, `a.default.svc.${zone}.`, 'A').length, 1, zone)
    assert.deepEqual(ask(registry, '1.0.1.10.in-addr.arpa.', 'PTR'), [
      '1.0.1.10.in-addr.arpa. 5 IN PTR 10-1-0-1.a.default.svc.mesh.example.',
    ])
  })
  test('a Service whose host a ServiceEntry takes over is named in none of the others any more', () => {
    const service = record('web.default.svc', [{ addresses: ['10.1.0.1'] }])
    const registry = registryOf([service], { zones: ['cluster.local.', 'mesh.example.'] })
    assert.deepEqual(ask(registry, 'web.default.svc.mesh.example.', 'A'), ['web.default.svc.mesh.example. 5 IN A 10.1.0.1'])
    registry.apply(0, '0', record('web.default.svc.cluster.local.', [{ addresses: ['192.0.2.1'] }]), service)
    assert.deepEqual(ask(registry, 'web.default.svc.cluster.local.', 'A'), ['web.default.svc.cluster.local. 5 IN A 192.0.2.1'])
    assert.deepEqual(ask(registry, 'web.default.svc.mesh.example.', 'A'), 'NXDOMAIN')
  })

  test('the root as a zone holds every name', () => {
    const registry = registryOf([record('api.example.com.', [{ addresses: ['192.0.2.1'] }])], { zones: ['.'] })
    assert.equal(ask(registry, 'example.org.', 'A'), 'NXDOMAIN')
    assert.deepEqual(ask(registry, 'example.com.', 'A'), [])
  })
})

suite('negative answers', () => {
  for (const [zone, name] of [
    ['cluster.local.', 'cluster.local.'],
    ['cluster.local.', 'dns.cluster.local.'],
    ['cluster.local.', `${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(60)}.a.svc.cluster.local.`],
    ['.', 'example.org.'],
    ['.', 'ab.'],
    ['a.', 'b.a.'],
  ] as const) {
    test(`the SOA of ${zone} under ${name}`, () => {
      const { authority } = registryOf([], { ttl: 30 })
      const soa = authority.negative(toKey(zone), toKey(name))
      const under = zone === '.' ? '' : zone
      const [line] = linesOf(name, 'A', soa)
      assert.match(
        line!,
        new RegExp(
          `^${zone.replaceAll('.', '\\.')} 30 IN SOA ns\\.dns\\.${under} hostmaster\\.${under} \\d+ 7200 1800 86400 30$`,
        ),
      )
      assert.equal(authority.negative(toKey(zone), toKey(name)), soa, 'it is compiled once')
    })
  }
  test('the serial is the second of the last change', t => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
    const registry = registryOf([])
    const serial = () =>
      linesOf('cluster.local.', 'A', registry.authority.negative(toKey('cluster.local.'), toKey('cluster.local.')))[0]!.split(
        ' ',
      )[6]
    assert.equal(serial(), '1700000000')
    t.mock.timers.tick(60_000)
    assert.equal(serial(), '1700000000')
    registry.apply(0, 'x', record('a.default.svc'), undefined)
    assert.equal(serial(), '1700000060')
  })
})

suite('change', () => {
  test('compiled answers are kept until the host changes', () => {
    const first = record('a.default.svc', [{ addresses: ['10.1.0.1'], hostnames: ['a-0'] }])
    const registry = registryOf([first])
    const names = ['a', 'a-0.a', '_http._tcp.a'].map(name => `${name}.default.svc.cluster.local.`)
    const told = () => names.map((name, i) => ask(registry, name, i === 2 ? 'SRV' : 'A'))
    const before = told()
    assert.deepEqual(told(), before)
    registry.apply(0, '0', record('a.default.svc', [{ addresses: ['10.1.0.9'], hostnames: ['a-0'] }]), first)
    assert.deepEqual(told().flat().join('\n'), before.flat().join('\n').replaceAll('10.1.0.1', '10.1.0.9'))
  })
  test('octets of two addresses are no third one', () => {
    const registry = registryOf([
      record('a.default.svc', [{ addresses: ['1.10.1.0', '1.2.3.4', '10.1.0.1'] }, { addresses: ['1.10.2.0', '1.2.3.4'] }]),
      record('b.default.svc', [{ addresses: ['2001:db8::1'] }]),
    ])
    assert.equal(ask(registry, '10-1-0-1.a.default.svc.cluster.local.', 'A').length, 1)
    assert.equal(ask(registry, '10-2-0-1.a.default.svc.cluster.local.', 'A'), 'NXDOMAIN')
    assert.equal(ask(registry, '32-1-13-184.b.default.svc.cluster.local.', 'A'), 'NXDOMAIN')
  })
  test('names of endpoints that would be too long are that of the host', () => {
    const host = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(55)}.`
    const registry = registryOf([record(host, [{ addresses: ['192.0.2.1'] }])])
    assert.deepEqual(ask(registry, host, 'A'), [`${host} 5 IN A 192.0.2.1`])
    const key = toKey(host)
    assert.match(linesOf(host, 'TXT', registry.authority.negative(key, key))[0]!, new RegExp(` SOA ${host} ${host} `))
    assert.deepEqual(ask(registry, '1.2.0.192.in-addr.arpa.', 'PTR'), [`1.2.0.192.in-addr.arpa. 5 IN PTR ${host}`])
    assert.equal(ask(registryOf([record('a.default.svc')], { zones: [host] }), `svc.${host}`, 'A').length, 0)
  })
  test('more addresses than fit a message are cut to what fits', () => {
    const addresses = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
    const registry = registryOf([record('big.default.svc', [{ addresses }])])
    assert.equal(ask(registry, 'big.default.svc.cluster.local.', 'A').length, 4000)
    assert.ok(ask(registry, '_http._tcp.big.default.svc.cluster.local.', 'SRV').length <= 1500)
    assert.equal(ask(registry, '10-0-39-15.big.default.svc.cluster.local.', 'A').length, 1)
  })
})
