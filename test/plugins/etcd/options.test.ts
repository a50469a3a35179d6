import assert from 'node:assert/strict'
import { test } from 'node:test'
import { etcd } from '#plugins/etcd/index.ts'
import type { Options } from '#plugins/etcd/options.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const parse = (lines: string): Options => etcd.parse(directiveOf(lines)) as Options

test('the defaults', () => {
  assert.deepEqual(parse('etcd'), {
    zones: ['example.org.'],
    path: 'skydns',
    endpoints: [{ name: 'localhost:2379', place: { host: 'localhost', port: 2379 }, secure: false }],
    user: undefined,
    tls: undefined,
    leaseTtl: { min: 30, max: 86_400 },
    apexFallback: true,
    fallthrough: [],
  })
})

test('all options', () => {
  assert.deepEqual(
    parse(
      'etcd example.org 192.0.2.0/24 {\npath /dns\nendpoint http://192.0.2.1:2379 https://etcd.example.org:2380/\ncredentials dns secret\ntls cert.pem key.pem ca.pem\nmin-lease-ttl 60\nmax-lease-ttl 1h30m\nno_apex_fallback\nfallthrough in-addr.arpa\n}',
    ),
    {
      zones: ['example.org.', '2.0.192.in-addr.arpa.'],
      path: '/dns',
      endpoints: [
        { name: '192.0.2.1:2379', place: { host: '192.0.2.1', port: 2379 }, secure: false },
        { name: 'etcd.example.org:2380', place: { host: 'etcd.example.org', port: 2380 }, secure: true },
      ],
      user: { name: 'dns', password: 'secret' },
      tls: ['cert.pem', 'key.pem', 'ca.pem'],
      leaseTtl: { min: 60, max: 5400 },
      apexFallback: false,
      fallthrough: ['in-addr.arpa.'],
    },
  )
})

test('endpoints in every form; without a scheme, tls decides', () => {
  const { endpoints } = parse(
    'etcd {\nendpoint 192.0.2.1 [2001:db8::1]:1 2001:db8::1 https://[2001:db8::1] unix:///run/etcd.sock unixs:///run/etcd.sock\n}',
  )
  assert.deepEqual(
    endpoints.map(({ name, secure }) => [name, secure]),
    [
      ['192.0.2.1:2379', undefined],
      ['[2001:db8::1]:1', undefined],
      ['[2001:db8::1]:2379', undefined],
      ['[2001:db8::1]:2379', true],
      ['/run/etcd.sock', undefined],
      ['/run/etcd.sock', true],
    ],
  )
})

test('fallthrough alone is for all names, and TTLs of 0 are the defaults', () => {
  const { fallthrough, leaseTtl } = parse('etcd {\nfallthrough\nmin-lease-ttl 0\nmax-lease-ttl 0s\n}')
  assert.deepEqual([fallthrough, leaseTtl], [['.'], { min: 30, max: 86_400 }])
})

test('options that say nothing any more, and tls for endpoints in the clear, are warned of', () => {
  const directive = directiveOf('etcd {\nstubzones\nupstream 192.0.2.1\ndebug\ntls\n}')
  etcd.parse(directive)
  assert.deepEqual(
    directive.warnings.map(warning => /stubzones|upstream|debug|all endpoints are http/.exec(warning)?.[0]),
    ['stubzones', 'upstream', 'debug', 'all endpoints are http'],
  )
})

test('what is no option is refused', () => {
  for (const [lines, told] of [
    ['etcd a..b', /is not a zone/],
    ['etcd {\npath\n}', /expected PATH/],
    ['etcd {\nendpoint\n}', /expected ENDPOINT/],
    ['etcd {\nendpoint ftp://192.0.2.1\n}', /ENDPOINT must be/],
    ['etcd {\nendpoint http://192.0.2.1:70000\n}', /ENDPOINT must be/],
    ['etcd {\nendpoint http://192.0.2.1:2379/path\n}', /ENDPOINT must be/],
    ['etcd {\ncredentials dns\n}', /expected PASSWORD/],
    ['etcd {\ncredentials dns secret more\n}', /expected no more arguments/],
    ['etcd {\ntls a b c d\n}', /tls takes at most CERT KEY CA/],
    ['etcd {\nmin-lease-ttl\n}', /expected TTL/],
    ['etcd {\nmin-lease-ttl soon\n}', /TTL must be a duration/],
    ['etcd {\nmax-lease-ttl -1s\n}', /TTL is out of range/],
    ['etcd {\nmax-lease-ttl 2147483648\n}', /TTL is out of range/],
    ['etcd {\nno_apex_fallback yes\n}', /expected no more arguments/],
    ['etcd {\nttl 5\n}', /unknown property 'ttl'/],
    ['etcd\netcd', /only be used once/],
  ] as const)
    refuses(etcd, lines, told)
})
