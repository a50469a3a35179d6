import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { suite, test } from 'node:test'
import { dnstap } from '#plugins/dnstap/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const parse = (lines: string) => dnstap.parse(directiveOf(lines))

const usual = {
  listens: false,
  full: false,
  queue: 1,
  identity: hostname(),
  version: undefined,
  extra: '',
  tlsFiles: [],
  skipVerify: false,
}
const unix = (path: string) => ({ scheme: 'unix', path })
const tcp = (host: string, port: number) => ({ scheme: 'tcp', host, port })
const tls = { scheme: 'tls', host: '127.0.0.1', port: 6000 }

suite('what is accepted', () => {
  const cases: readonly (readonly [lines: string, options: object])[] = [
    ['dnstap dnstap.sock full', { address: unix('dnstap.sock'), full: true }],
    ['dnstap unix:///run/dnstap.sock', { address: unix('/run/dnstap.sock') }],
    ['dnstap udp://127.0.0.1:6000', { address: unix('udp://127.0.0.1:6000') }],
    ['dnstap tcp://127.0.0.1:6000', { address: tcp('127.0.0.1', 6000) }],
    ['dnstap tcp://[::1]:6000', { address: tcp('::1', 6000) }],
    ['dnstap tcp://example.org:6000 full', { address: tcp('example.org', 6000), full: true }],
    ['dnstap tls://127.0.0.1:6000 {\n skipverify\n}', { address: tls, skipVerify: true }],
    ['dnstap dnstap.sock full 1024 4096', { address: unix('dnstap.sock'), full: true, queue: 4096 }],
    ['dnstap dnstap.sock {\n identity NAME\n version VER\n extra "from {remote}"\n}', { address: unix('dnstap.sock'), identity: 'NAME', version: 'VER', extra: 'from {remote}' }],
    ['dnstap listen /run/dnstap.sock full', { address: unix('/run/dnstap.sock'), listens: true, full: true }],
    ['dnstap listen tcp://:6000', { address: tcp('', 6000), listens: true }],
    ['dnstap listen tls://127.0.0.1:6000 {\n tls cert.pem key.pem\n}', { address: tls, listens: true, tlsFiles: ['cert.pem', 'key.pem'] }],
    ['dnstap listen tls://127.0.0.1:6000 {\n tls cert.pem key.pem ca.pem\n skipverify\n}', { address: tls, listens: true, tlsFiles: ['cert.pem', 'key.pem', 'ca.pem'], skipVerify: true }],
  ] // biome-ignore format: a table
  for (const [lines, options] of cases) test(lines, () => assert.deepEqual(parse(lines), [{ ...usual, ...options }]))
})

test('several uses', () => {
  const lines = 'dnstap a.sock full\ndnstap tcp://127.0.0.1:6000 {\n identity B\n}\ndnstap listen tcp://127.0.0.1:6001'
  assert.deepEqual(parse(lines), [
    { ...usual, address: unix('a.sock'), full: true },
    { ...usual, address: tcp('127.0.0.1', 6000), identity: 'B' },
    { ...usual, address: tcp('127.0.0.1', 6001), listens: true },
  ])
})

suite('what is wrong is told with its place', () => {
  const cases: readonly (readonly [lines: string, told: RegExp])[] = [
    ['dnstap', /^plugin\/dnstap: Corefile:2 - Error during parsing: .*expected SOCKET/],
    ['dnstap {\n identity NAME\n}', /Corefile:2 - .*expected SOCKET/],
    ['dnstap listen', /Corefile:2 - .*after 'listen': expected SOCKET/],
    ['dnstap a.sock full 1025 1', /WRITEBUFFER must be a whole number between 1 and 1024: '1025'/],
    ['dnstap a.sock full 0 10', /WRITEBUFFER must be .*'0'/],
    ['dnstap a.sock full x 10', /WRITEBUFFER must be .*'x'/],
    ['dnstap a.sock full 1 4097', /QUEUE must be a whole number between 1 and 4096: '4097'/],
    ['dnstap a.sock full 10 0', /QUEUE must be .*'0'/],
    ['dnstap a.sock full 10 y', /QUEUE must be .*'y'/],
    ['dnstap tcp://127.0.0.1', /SOCKET must be tcp:\/\/HOST:PORT: 'tcp:\/\/127\.0\.0\.1'/],
    ['dnstap tls://127.0.0.1:65536', /SOCKET must be tls:\/\/HOST:PORT/],
    ['dnstap a.sock {\n identity\n}', /Corefile:3 - .*expected IDENTITY/],
    ['dnstap a.sock {\n version\n}', /Corefile:3 - .*expected VERSION/],
    ['dnstap a.sock {\n extra\n}', /Corefile:3 - .*expected EXTRA/],
    ['dnstap a.sock {\n identitiy NAME\n}', /Corefile:3 - .*unknown property 'identitiy' .*did you mean 'identity'/],
    ['dnstap a.sock {\n skipverify yes\n}', /Corefile:3 - .*after 'yes': expected no more arguments/],
    ['dnstap a.sock {\n tls cert.pem key.pem\n}', /Corefile:3 - .*tls directive only valid for listeners/],
    ['dnstap listen tls://127.0.0.1:6000 {\n tls cert.pem\n}', /Corefile:3 - .*expected KEY/],
    ['dnstap listen tls://127.0.0.1:6000', /Corefile:2 - .*TLS listener requires cert and key files/],
  ] // biome-ignore format: a table
  for (const [lines, told] of cases)
    test(lines, () => {
      refuses(dnstap, lines, told)
    })
})

test('what CoreDNS passes over in silence is warned of', () => {
  const directive = directiveOf('dnstap a.sock ful 2 3 4 5')
  assert.deepEqual(dnstap.parse(directive), [{ ...usual, address: unix('a.sock'), queue: 3 }])
  assert.deepEqual(directive.warnings, [
    "plugin/dnstap: 'ful' is ignored: the only word in this place is full",
    "plugin/dnstap: '4 5' is ignored",
  ])
})
