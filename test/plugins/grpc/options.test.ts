import assert from 'node:assert/strict'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { grpc } from '#plugins/grpc/index.ts'
import type { Options } from '#plugins/grpc/options.ts'
import type { Directive } from '#src/corefile/directive.ts'
import { toKey } from '#src/dns/name.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const parse = (lines: string): Options => grpc.parse(directiveOf(lines)) as Options

test('the defaults', () => {
  const { except, fallthrough, ...options } = parse('grpc . 192.0.2.1')
  assert.deepEqual(options, {
    from: toKey('.'),
    targets: [{ host: '192.0.2.1', port: 53 }],
    policy: 'random',
    tls: undefined,
    serverName: '',
  })
  assert.deepEqual([except.size, fallthrough.size], [0, 0])
})

test('all options', () => {
  const { from, except, targets, policy, tls, serverName, fallthrough } = parse(
    'grpc Example.org 192.0.2.1:5301 [2001:db8::1]:5302 2001:db8::2 unix:///run/dns.sock {\nexcept a.example.org b.example.org\nexcept c.example.org\ntls cert.pem key.pem ca.pem\ntls_servername dns.example.org\npolicy sequential\nfallthrough d.example.org\n}',
  )
  assert.equal(from, toKey('example.org'))
  assert.deepEqual(targets, [
    { host: '192.0.2.1', port: 5301 },
    { host: '2001:db8::1', port: 5302 },
    { host: '2001:db8::2', port: 53 },
    { path: '/run/dns.sock' },
  ])
  assert.deepEqual([policy, tls, serverName], ['sequential', ['cert.pem', 'key.pem', 'ca.pem'], 'dns.example.org'])
  const names = ['a.example.org', 'x.b.example.org', 'c.example.org', 'd.example.org']
  assert.deepEqual(
    names.map(name => [except.has(toKey(name)), fallthrough.has(toKey(name))]),
    [[true, false], [true, false], [true, false], [false, true]], // biome-ignore format: a table
  )
})

test('a name for certificates alone means TLS, and fallthrough alone all names', () => {
  const { tls, fallthrough } = parse('grpc . 192.0.2.1 {\ntls_servername dns.example.org\nfallthrough\n}')
  assert.deepEqual([tls, fallthrough.has(toKey('example.net'))], [[], true])
})

test('a file in the form of resolv.conf names upstreams', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'grpc-'))
  const file = join(folder.path, 'resolv.conf')
  writeFileSync(file, 'search example.org\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n')
  assert.deepEqual(parse(`grpc . ${file} 192.0.2.2`).targets, [
    { host: '192.0.2.1', port: 53 },
    { host: '2001:db8::1', port: 53 },
    { host: '192.0.2.2', port: 53 },
  ])
  writeFileSync(file, 'search example.org\n')
  const directive: Directive = directiveOf(`grpc . ${file}`)
  assert.deepEqual((grpc.parse(directive) as Options).targets, [])
  assert.match(directive.warnings.join(), /no upstream server is known/)
})

test('what is no option is refused', () => {
  for (const [lines, told] of [
    ['grpc', /expected FROM/],
    ['grpc .', /expected TO/],
    ['grpc a..b 192.0.2.1', /unable to normalize 'a\.\.b'/],
    ['grpc . dns.example.org', /TO must be an IP address, or one with a port: 'dns.example.org'/],
    ['grpc . 192.0.2.1:70000', /TO must be an IP address/],
    ['grpc . grpc://192.0.2.1', /TO must be an IP address/],
    ['grpc . /nowhere/resolv.conf', /cannot read \/nowhere\/resolv.conf/],
    [`grpc . ${Array.from({ length: 16 }, (_, i) => `192.0.2.${i}`).join(' ')}`, /more than 15 TOs configured: 16/],
    ['grpc . 192.0.2.1 {\nexcept\n}', /expected IGNORED_NAMES/],
    ['grpc . 192.0.2.1 {\ntls a b c d\n}', /tls takes at most CERT KEY CA/],
    ['grpc . 192.0.2.1 {\ntls_servername\n}', /expected NAME/],
    ['grpc . 192.0.2.1 {\npolicy fastest\n}', /policy must be one of random, round_robin, sequential/],
    ['grpc . 192.0.2.1 {\nforce_tcp\n}', /unknown property 'force_tcp'/],
    ['grpc . 192.0.2.1\ngrpc . 192.0.2.2', /only be used once/],
  ] as const)
    refuses(grpc, lines, told)
})
