import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expandZone, parseLabel } from '#src/corefile/labels.ts'

const label = (text: string, port = 53): string[] =>
  parseLabel({ text, file: 'Corefile', line: 1, column: 1 }, port).map(each => `${each.scheme} ${each.zone} ${each.port}`)

const labels: [text: string, ...labels: string[]][] = [
  ['.', 'dns . 53'],
  ['.:1053', 'dns . 1053'],
  ['.:0', 'dns . 0'],
  ['.:0053', 'dns . 53'],
  ['example.org', 'dns example.org. 53'],
  ['example.org.', 'dns example.org. 53'],
  ['Example.ORG:5353', 'dns example.org. 5353'],
  ['dns://example.org', 'dns example.org. 53'],
  ['tls://example.org', 'tls example.org. 853'],
  ['https://example.org', 'https example.org. 443'],
  ['grpc://example.org', 'grpc example.org. 443'],
  ['quic://example.org', 'quic example.org. 853'],
  ['https3://example.org', 'https3 example.org. 443'],
  ['tls://.:8853', 'tls . 8853'],
  ['_tcp.example.org', 'dns _tcp.example.org. 53'],
  ['*.example.org', 'dns *.example.org. 53'],
  ['0/25.2.0.192.in-addr.arpa', 'dns 0/25.2.0.192.in-addr.arpa. 53'],
  ['__proto__:53', 'dns __proto__. 53'],
  ['10.0.0.0/8', 'dns 10.in-addr.arpa. 53'],
  ['10.0.0.0/15:1053', 'dns 0.10.in-addr.arpa. 1053', 'dns 1.10.in-addr.arpa. 1053'],
  ['tls://192.0.2.0/24', 'tls 2.0.192.in-addr.arpa. 853'],
  ['2001:db8::/32:1053', 'dns 8.b.d.0.1.0.0.2.ip6.arpa. 1053'],
]

for (const [text, ...expected] of labels)
  test(`${text} is ${expected.join(' and ')}`, () => assert.deepEqual(label(text), expected))

test('-dns.port is the port of plain DNS alone, and only where the label names none', () => {
  assert.deepEqual(
    ['.', '.:53', 'tls://.', 'dns://.'].flatMap(text => label(text, 1053)),
    ['dns . 1053', 'dns . 53', 'tls . 853', 'dns . 1053'],
  )
})

const sequence = (from: number, to: number, name: (i: number) => string) =>
  Array.from({ length: to - from + 1 }, (_, i) => name(from + i))

const zones: [text: string, zones: string[]][] = [
  ['example.org', ['example.org.']],
  ['.', ['.']],
  ['dns://Example.org:1053', ['example.org.']],
  ['münchen.example', ['m\\195\\188nchen.example.']],
  ['a\\.b.example', ['a\\.b.example.']],
  ['0.0.0.0/0', ['in-addr.arpa.']],
  ['0.0.0.0/7', ['0.in-addr.arpa.', '1.in-addr.arpa.']],
  ['10.1.2.3/8', ['10.in-addr.arpa.']],
  ['10.0.0.0/9', sequence(0, 127, i => `${i}.10.in-addr.arpa.`)],
  ['10.9.3.0/18', sequence(0, 63, i => `${i}.9.10.in-addr.arpa.`)],
  ['10.9.130.0/18', sequence(128, 191, i => `${i}.9.10.in-addr.arpa.`)],
  ['192.0.2.0/24', ['2.0.192.in-addr.arpa.']],
  ['192.0.2.96/27', sequence(96, 127, i => `${i}.2.0.192.in-addr.arpa.`)],
  ['192.0.2.1/32', ['1.2.0.192.in-addr.arpa.']],
  ['192.0.2.1/31', ['0.2.0.192.in-addr.arpa.', '1.2.0.192.in-addr.arpa.']],
  ['2001:db8::/32', ['8.b.d.0.1.0.0.2.ip6.arpa.']],
  ['2001:DB8::/32', ['8.b.d.0.1.0.0.2.ip6.arpa.']],
  ['2001:db8::/29', sequence(8, 15, i => `${i.toString(16)}.b.d.0.1.0.0.2.ip6.arpa.`)],
  ['2001:db8:0:10::/63', ['0.1.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.', '1.1.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.']],
  ['fd00::/7', ['c.f.ip6.arpa.', 'd.f.ip6.arpa.']],
  ['fd00::1/128', [`1.${'0.'.repeat(29)}d.f.ip6.arpa.`]],
]

for (const [text, expected] of zones) {
  test(`${text} names ${expected.length === 1 ? expected[0] : `${expected.length} zones`}`, () =>
    assert.deepEqual(expandZone(text), expected))
}

const wrong: [text: string, reason: string][] = [
  ['', 'expecting data after last colon: ""'],
  ['example.org:', 'expecting data after last colon: "example.org:"'],
  ['dns://', 'expecting data after last colon: ""'],
  [':53', 'zone is not a valid domain name: '],
  ['example.org:65536', 'address 65536: invalid port'],
  ['example.org:-1', 'address -1: invalid port'],
  ['example..org', 'zone is not a valid domain name: "example..org" has an empty label'],
  ['.example.org', 'zone is not a valid domain name: ".example.org" has an empty label'],
  [`${'a'.repeat(64)}.org`, `zone is not a valid domain name: "${'a'.repeat(64)}.org" has a label longer than 63 octets`],
  ['a.'.repeat(128), 'specified zone is too long: 256 > 255'],
  ['example.org\\', 'zone is not a valid domain name: "example.org\\" ends in a backslash'],
  ['\\256.org', 'zone is not a valid domain name: \\256 in "\\256.org" is no octet'],
  ['a b', 'zone is not a valid domain name: a b'],
  ['example.org:dns', 'zone is not a valid domain name: example.org:dns'],
  ['2001:db8::1', 'zone is not a valid domain name: 2001:db8:'],
  ['10.0.0.0/33', 'invalid CIDR 10.0.0.0/33'],
  ['2001:db8::/129', 'invalid CIDR 2001:db8::/129'],
  ['::/0', 'invalid CIDR ::/0'],
  ['::1/128', 'invalid CIDR ::1/128'],
  ['0:0::/32', 'invalid CIDR 0:0::/32'],
  ['fe80::1%eth0/64', 'invalid CIDR fe80::1%eth0/64'],
]

for (const [text, reason] of wrong) {
  test(`'${text.slice(0, 30)}' is refused: ${reason.slice(0, 60)}`, () => {
    assert.throws(() => label(text), { name: 'Problem', reason: `error inspecting server blocks: ${reason}` })
    assert.throws(() => expandZone(text), { name: 'RangeError', message: reason })
  })
}

test('a scheme that is not known is named, with the one that was meant', () => {
  const prefix = 'Corefile:1 - Error during parsing: error inspecting server blocks:'
  assert.throws(() => label('tsl://example.org'), {
    message: `${prefix} unknown scheme 'tsl://' (column 1, did you mean 'tls'?)`,
  })
  assert.throws(() => label('TLS://example.org'), {
    message: `${prefix} unknown scheme 'TLS://' (column 1, did you mean 'tls'?)`,
  })
  assert.throws(() => label('unix://example.org'), { message: `${prefix} unknown scheme 'unix://' (column 1)` })
  assert.throws(() => label('://example.org'), { message: `${prefix} unknown scheme '://' (column 1)` })
  assert.throws(() => label('__proto__://example.org'), { message: `${prefix} unknown scheme '__proto__://' (column 1)` })
})
