import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Flags, readFlags, USAGE } from '#src/flags.ts'

const defaults = readFlags([])

test('without flags', () => {
  const { conf, port, pidfile, plugins, version, quiet, validate, format, udp } = defaults
  assert.deepEqual([conf, port, pidfile, format, udp], [undefined, 53, undefined, 'text', 'auto'])
  assert.deepEqual([plugins, version, quiet, validate], [false, false, false, false])
})

const lines: readonly (readonly [line: string, flags: Partial<Flags>])[] = [
  ['-conf Corefile', { conf: 'Corefile' }],
  ['--conf Corefile', { conf: 'Corefile' }],
  ['-conf=Corefile', { conf: 'Corefile' }],
  ['-conf first -conf second', { conf: 'second' }],
  ['-conf stdin', { conf: 'stdin' }],
  ['-p 1053', { port: 1053 }],
  ['-dns.port 1053', { port: 1053 }],
  ['-dns.port=1053', { port: 1053 }],
  ['--dns.port 1053', { port: 1053 }],
  ['-p 1 -dns.port 2', { port: 2 }],
  ['-dns.port 2 -p 1', { port: 1 }],
  ['-p 0', { port: 0 }],
  ['-p 65535', { port: 65535 }],
  ['-pidfile /tmp/pid', { pidfile: '/tmp/pid' }],
  ['-plugins', { plugins: true }],
  ['-version', { version: true }],
  ['-quiet -validate', { quiet: true, validate: true }],
  ['-log-format json', { format: 'json' }],
  ['-log.format json', { format: 'json' }],
  ['-log-format json -log.format coredns', { format: 'text' }],
  ['-udp dgram', { udp: 'dgram' }],
  ['-udp batch', { udp: 'batch' }],
  ['-udp=auto', { udp: 'auto' }],
]

for (const [line, flags] of lines) {
  test(`flags: ${line}`, () => assert.deepEqual(readFlags(line.split(' ')), { ...defaults, ...flags }))
}

const wrong: readonly (readonly [line: string, reason: RegExp])[] = [
  ['-nonsense', /nonsense/],
  ['Corefile', /Corefile/],
  ['-conf Corefile more', /more/],
  ['-conf', /conf/],
  ['-p', /p/],
  ['-p x', /"x".*-dns\.port.*number up to 65535/],
  ['-p 65536', /"65536"/],
  ['-p -1', /./],
  ['-p 1.5', /"1\.5"/],
  ['-log-format xml', /"xml".*-log-format.*text, json/],
  ['-udp quic', /"quic".*-udp/],
  ['-quiet=yes', /quiet/],
  ['-', /./],
]

for (const [line, reason] of wrong) {
  test(`a command line that is refused: ${line}`, () => assert.throws(() => readFlags(line.split(' ')), reason))
}

test('the usage tells every flag', () => {
  for (const flag of ['conf', 'dns.port', 'p', 'pidfile', 'validate', 'plugins', 'version', 'quiet', 'log-format', 'udp']) {
    assert.match(USAGE, new RegExp(`(^ {2}|, )-${flag.replace('.', '\\.')}\\b`, 'm'))
  }
})
