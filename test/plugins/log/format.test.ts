import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatOf } from '#plugins/log/format.ts'
import { toOctets } from '#src/dns/address.ts'
import { FLAG } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { Reply } from '#src/plugin.ts'
import { queryOf } from '#test/support/exchange.ts'

const key = toKey('example.org')
const address = new SectionsBuilder(key).address(key, 60, toOctets('192.0.2.7')!).build()
const seconds = 0.000123456

const plain = queryOf('Example.org', 'A', { id: 4711 })
const rich = queryOf('x\\"y.example.org', 666, {
  id: 0,
  flags: FLAG.RD | FLAG.CD | FLAG.AD,
  class: 3,
  edns: { udpSize: 4096, dnssecOk: true },
  address: '2001:db8::1',
  listener: { label: 'dns://[::1]:53', address: '::1', port: 53 },
})
const stream = queryOf('example.org', 'A', { transport: 'tls', flags: 0 })
const found = new Reply(0, FLAG.AA | FLAG.RA | FLAG.AD, address)
const odd = new Reply(3841)
const nothing = () => undefined

const lines: readonly (readonly [format: string, plain: string, rich: string, stream: string])[] = [
  ['{type}', 'A', 'TYPE666', 'A'],
  ['{name}', 'example.org.', 'x\\"y.example.org.', 'example.org.'],
  ['{class}', 'IN', 'CH', 'IN'],
  ['{proto}', 'udp', 'udp', 'tcp'],
  ['{size}', '29', '44', '29'],
  ['{remote}:{port}', '192.0.2.1:40000', '[2001:db8::1]:40000', '192.0.2.1:40000'],
  ['{local}', '[::]', '[::1]', '[::]'],
  ['{>id} {>opcode}', '4711 0', '0 0', `${stream.id} 0`],
  ['{>do} {>bufsize}', 'false 512', 'true 4096', 'false 65535'],
  ['{rcode}', 'NOERROR', '3841', 'NOERROR'],
  ['{rsize}', '45', '44', '45'],
  ['{duration}', '0.000123456s', '0.000123456s', '0.000123456s'],
  ['{>rflags}', 'qr,aa,rd,ra,ad', 'qr,rd,cd', 'qr,aa,ra,ad'],
  ['{/log/type} {/log/class}', 'NOERROR success', 'OTHERERROR error', 'NOERROR success'],
  ['{/kubernetes/endpoint}', '-', '-', '-'],
  ['none', 'none', 'none', 'none'],
  ['{unknown} {Type} {} }{ {{type}', '{unknown} {Type} {} }{ {A', '{unknown} {Type} {} }{ {TYPE666', '{unknown} {Type} {} }{ {A'],
] // biome-ignore format: a table

suite('placeholders', () => {
  for (const [format, ...expected] of lines) {
    test(format, () => {
      const compiled = formatOf(format, nothing)
      assert.deepEqual(
        [compiled.fill(plain, found, seconds), compiled.fill(rich, odd, seconds), compiled.fill(stream, found, seconds)],
        expected,
      )
    })
  }
})

test('nothing is said of a reply that the client does not hear', () => {
  const silent = Object.assign(new Reply(0, FLAG.AA, address), { silent: true })
  const format = formatOf('{rcode} {>rflags} {rsize} {/log/type} {/log/class}', nothing)
  assert.equal(format.fill(plain, silent, seconds), '- - 0 OTHERERROR error')
})

test('the common and the combined format are those of CoreDNS', () => {
  const common = '192.0.2.1:40000 - 4711 "A IN example.org. udp 29 false 512" NOERROR qr,aa,rd,ra,ad 45 0.000123456s'
  assert.equal(formatOf('{common}', nothing).fill(plain, found, seconds), common)
  assert.equal(formatOf('<{combined}>', nothing).fill(plain, found, seconds), `<${common} "0">`)
})

test('a placeholder named like a member of every object is none', () => {
  assert.equal(formatOf('{__proto__} {constructor}', nothing).fill(plain, found, seconds), '{__proto__} {constructor}')
})
