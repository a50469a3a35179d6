import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { forward } from '#plugins/forward/index.ts'
import type { ForwardOptions } from '#plugins/forward/options.ts'
import { readTarget } from '#plugins/forward/target.ts'
import { Directive } from '#src/corefile/directive.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import { toKey } from '#src/dns/name.ts'
import { refuses } from '#test/support/directive.ts'

const parse = (line: string): ForwardOptions[] =>
  forward.parse(new Directive('forward', ['.'], parseCorefile(`. {\n${line}\n}\n`, 'Corefile').blocks[0]!.entries))
const parseBlock = (...options: string[]) => parse(`forward . 192.0.2.1 {\n${options.join('\n')}\n}`)[0]!

test('defaults are CoreDNS’s', () => {
  const { forwarder, upstream } = parse('forward . 192.0.2.1')[0]!
  assert.deepEqual(
    { ...forwarder, except: forwarder.except.size },
    {
      from: '\0',
      except: 0,
      policy: 'random',
      forceTcp: false,
      preferUdp: false,
      failover: new Set(),
      failfast: false,
      maxConcurrent: 0,
      maxConnectAttempts: undefined,
      readTimeout: 2000,
      next: new Set(),
      nextOnNodata: false,
    },
  )
  assert.deepEqual(upstream, {
    source: undefined,
    expire: 10_000,
    maxAge: 0,
    readTimeout: 2000,
    maxIdle: 0,
    maxFails: 2,
    health: { interval: 500, recursionDesired: true, domain: '\0' },
    forceTcp: false,
    dohMethod: 'POST',
  })
})

test('every option is read', () => {
  const options = parseBlock(
    'except lan.example.org 10.0.0.0/8',
    'except other.example.org',
    'force_tcp',
    'prefer_udp',
    'expire 20s',
    'max_age 1m',
    'max_idle_conns 4',
    'read_timeout 500ms',
    'doh_method GET',
    'max_fails 3',
    'max_connect_attempts 7',
    'tls cert.pem key.pem ca.pem',
    'tls_servername dns.example.org',
    'policy round_robin',
    'health_check 5s no_rec domain Example.org',
    'max_concurrent 1000',
    'next NXDOMAIN refused',
    'next NOTIMPL',
    'next_on_nodata',
    'failover SERVFAIL REFUSED',
    'failfast_all_unhealthy_upstreams',
    'source_address 192.0.2.7',
    'resolver 192.0.2.8 192.0.2.9:5353 [2001:db8::1]:53 2001:db8::2',
  )
  assert.ok(
    ['a.lan.example.org.', '1.10.in-addr.arpa.', 'other.example.org.'].every(name => options.forwarder.except.has(toKey(name))),
  )
  assert.deepEqual(
    { ...options.forwarder, except: undefined },
    {
      from: '\0',
      except: undefined,
      policy: 'round_robin',
      forceTcp: true,
      preferUdp: true,
      failover: new Set([2, 5]),
      failfast: true,
      maxConcurrent: 1000,
      maxConnectAttempts: 7,
      readTimeout: 500,
      next: new Set([3, 5, 4]),
      nextOnNodata: true,
    },
  )
  assert.deepEqual(options.upstream, {
    source: '192.0.2.7',
    expire: 20_000,
    maxAge: 60_000,
    readTimeout: 500,
    maxIdle: 4,
    maxFails: 3,
    health: { interval: 5000, recursionDesired: false, domain: '\x07example\x03org\0' },
    forceTcp: true,
    dohMethod: 'GET',
  })
  assert.deepEqual(options.resolver, ['192.0.2.8', '192.0.2.9:5353', '[2001:db8::1]:53', '2001:db8::2'])
  assert.deepEqual([options.tlsFiles, options.tlsServerName], [['cert.pem', 'key.pem', 'ca.pem'], 'dns.example.org'])
})

test('fifteen upstreams are allowed, in a line or in several', () => {
  const to = Array.from({ length: 15 }, (_, i) => `192.0.2.${i}`).join(' ')
  assert.deepEqual(
    parse(`forward example.org ${to}\nforward . ${to}`).map(({ targets }) => targets.length),
    [15, 15],
  )
})

for (const [line, message] of [
  ['forward', /Corefile:2 .*expected FROM \(column 1\)/],
  ['forward .', /expected TO/],
  ['forward bad..name 192.0.2.1', /unable to normalize 'bad\.\.name'.*\(column 9\)/],
  [`forward . ${'x'.repeat(300)}`, /cannot read x{300}: ENAMETOOLONG/],
  ['forward . 192.0.2.1 bad..name', /not an IP address, file, or valid domain: "bad\.\.name" \(column 21\)/],
  ['forward . /none/resolv.conf', /cannot read \/none\/resolv\.conf: .*no such file/],
  ['forward . 192.0.2.256', /not an IP address, file, or valid domain/],
  ['forward . ""', /not an IP address, file, or valid domain/],
  ['forward . dns://', /not an IP address, file, or valid domain/],
  ['forward . 192.0.2.1:0', /invalid port in "192\.0\.2\.1:0"/],
  ['forward . 192.0.2.1:65536', /invalid port/],
  ['forward . 192.0.2.1:', /not an IP address, file, or valid domain/],
  ['forward . quic://192.0.2.1', /'quic' is not supported as a destination protocol in forward: quic:\/\/192\.0\.2\.1/],
  ['forward . https://192.0.2.1/dns-query', /paths are not allowed in HTTPS upstream addresses/],
  [`forward . ${'192.0.2.1 '.repeat(16)}`, /more than 15 TOs configured: 16/],
  ['forward . 192.0.2.1 {\nforce_tpc\n}', /Corefile:3 .*unknown property 'force_tpc' .*did you mean 'force_tcp'/],
  ['forward . 192.0.2.1 {\nforce_tcp yes\n}', /'yes'/],
  ['forward . 192.0.2.1 {\nprefer_udp yes\n}', /'yes'/],
  ['forward . 192.0.2.1 {\nexcept\n}', /expected IGNORED_NAMES/],
  ['forward . 192.0.2.1 {\nexcept bad..name\n}', /'bad\.\.name' is not a zone/],
  ['forward . 192.0.2.1 {\nexpire 10\n}', /DURATION must be a duration/],
  ['forward . 192.0.2.1 {\nexpire -1s\n}', /DURATION is out of range/],
  ['forward . 192.0.2.1 {\nmax_age 5s\n}', /max_age must not be less than expire/],
  ['forward . 192.0.2.1 {\nread_timeout 0s\n}', /DURATION is out of range/],
  ['forward . 192.0.2.1 {\nread_timeout 600h\n}', /DURATION is out of range: '600h'/],
  ['forward . 192.0.2.1 {\nmax_idle_conns -1\n}', /INTEGER must be a whole number of at least 0/],
  ['forward . 192.0.2.1 {\nmax_fails many\n}', /INTEGER must be a whole number/],
  ['forward . 192.0.2.1 {\nmax_connect_attempts\n}', /expected INTEGER/],
  ['forward . 192.0.2.1 {\nmax_concurrent -1\n}', /MAX must be a whole number/],
  ['forward . 192.0.2.1 {\ndoh_method PUT\n}', /doh_method must be one of POST, GET/],
  ['forward . 192.0.2.1 {\npolicy randon\n}', /policy must be one of random, round_robin, sequential.*did you mean 'random'/],
  ['forward . 192.0.2.1 {\nhealth_check\n}', /expected DURATION/],
  ['forward . 192.0.2.1 {\nhealth_check 600h\n}', /DURATION is out of range: '600h'/],
  ['forward . 192.0.2.1 {\nhealth_check 1s norec\n}', /health_check: unknown option norec .*did you mean 'no_rec'/],
  ['forward . 192.0.2.1 {\nhealth_check 1s domain\n}', /expected FQDN/],
  ['forward . 192.0.2.1 {\nhealth_check 1s domain a..b\n}', /health_check: invalid domain name a\.\.b/],
  ['forward . 192.0.2.1 {\nnext\n}', /expected RCODE/],
  ['forward . 192.0.2.1 {\nnext NXDOMAN\n}', /NXDOMAN is not a valid rcode/],
  ['forward . 192.0.2.1 {\nfailover NOERROR\n}', /NoError cannot be used in failover/],
  ['forward . 192.0.2.1 {\nnext_on_nodata NXDOMAIN\n}', /'NXDOMAIN'/],
  ['forward . 192.0.2.1 {\nsource_address lo\n}', /invalid IP address: lo/],
  ['forward . 192.0.2.1 {\nresolver\n}', /expected IP\[:PORT\]/],
  ['forward . 192.0.2.1 {\nresolver dns.example.org\n}', /resolver must be an IP address or IP:port: "dns\.example\.org"/],
  ['forward . 192.0.2.1 {\ntls a b c d\n}', /tls takes at most CERT KEY CA/],
  ['forward . 192.0.2.1 {\ntls_servername\n}', /expected NAME/],
  [
    'forward . tls://192.0.2.1%a.example.org {\ntls_servername b.example.org\n}',
    /both forward \('b\.example\.org'\) and proxy level \('a\.example\.org'\) TLS servernames are set/,
  ],
] as const) {
  test(`${line.replaceAll('\n', ' ')} is an error`, () => {
    refuses(forward, line, message)
  })
}

suite('TO', () => {
  const folder = mkdtempSync(join(tmpdir(), 'istio-coredns-'))
  after(() => rmSync(folder, { recursive: true }))
  const short = (text: string) =>
    readTarget(text).map(({ scheme, host, port, serverName }) => [scheme, host, port, serverName].join(' ').trimEnd())

  for (const [text, expected] of [
    ['192.0.2.1', 'dns 192.0.2.1 53'],
    ['192.0.2.1:5353', 'dns 192.0.2.1 5353'],
    ['dns://192.0.2.1', 'dns 192.0.2.1 53'],
    ['2001:db8::1', 'dns 2001:db8::1 53'],
    ['[2001:db8::1]', 'dns 2001:db8::1 53'],
    ['[2001:db8::1]:5353', 'dns 2001:db8::1 5353'],
    ['[fe80::1%eth0]:53', 'dns fe80::1%eth0 53'],
    ['fe80::1%eth0', 'dns fe80::1%eth0 53'],
    ['tls://192.0.2.1', 'tls 192.0.2.1 853'],
    ['tls://192.0.2.1%dns.example.org', 'tls 192.0.2.1 853 dns.example.org'],
    ['tls://192.0.2.1%dns.example.org:10853', 'tls 192.0.2.1 10853 dns.example.org'],
    ['tls://2001:db8::1%dns.example.org:10853', 'tls 2001:db8::1 10853 dns.example.org'],
    ['tls://[2001:db8::1%dns.example.org]:10853', 'tls 2001:db8::1 10853 dns.example.org'],
    ['tls://[2001:db8::1]', 'tls 2001:db8::1 853'],
    ['https://192.0.2.1', 'https 192.0.2.1 443'],
    ['https://192.0.2.1:8443', 'https 192.0.2.1 8443'],
    ['dns.example.org', 'dns dns.example.org 53'],
    ['dns.example.org:5353', 'dns dns.example.org 5353'],
    ['tls://dns.example.org', 'tls dns.example.org 853'],
  ] as const) {
    test(`${text} is ${expected}`, () => assert.deepEqual(short(text), [expected]))
  }

  test('a file names its servers', () => {
    const file = join(folder, 'resolv.conf')
    writeFileSync(
      file,
      'nameserver 192.0.2.1\n# nameserver 192.0.2.2\nnameserver\t2001:db8::1 comment\r\noptions ndots:5\nnameserver nonsense\n',
    )
    assert.deepEqual(short(file), ['dns 192.0.2.1 53', 'dns 2001:db8::1 53'])
    writeFileSync(file, 'search example.org\n')
    assert.deepEqual(short(file), [])
    for (const path of [join(folder, 'none'), `${folder}/`]) assert.throws(() => short(path), /cannot read/)
  })
})
