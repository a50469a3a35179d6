import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { transfer } from '#plugins/transfer/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const parse = (lines: string) => transfer.parse(directiveOf(lines))

test('several uses, each with zones and servers of its own', () => {
  const rules = parse(`transfer a.example.org 10.in-addr.arpa {
      to 192.0.2.1 192.0.2.2:1053
      to [2001:db8::1]:34 2001:db8::2 fe80::1%eth0 [2001:db8::3]
      source 2001:db8::53
    }
    transfer {
      to *
    }`)
  assert.deepEqual(rules, [
    {
      zones: ['a.example.org.', '10.in-addr.arpa.'],
      servers: [
        { address: '192.0.2.1', port: 53 },
        { address: '192.0.2.2', port: 1053 },
        { address: '2001:db8::1', port: 34 },
        { address: '2001:db8::2', port: 53 },
        { address: 'fe80::1%eth0', port: 53 },
        { address: '2001:db8::3', port: 53 },
      ],
      everybody: false,
      source: '2001:db8::53',
    },
    { zones: ['example.org.'], servers: [], everybody: true, source: undefined },
  ])
})

suite('what is wrong is told with its place', () => {
  const cases: readonly (readonly [name: string, lines: string, told: RegExp])[] = [
    ['nobody to transfer to', 'transfer', /^plugin\/transfer: Corefile:2 - Error during parsing: 'to' is required/],
    ['no server', 'transfer {\n to\n}', /Corefile:3 - .*expected ADDRESS/],
    ['a name', 'transfer {\n to 192.0.2.1 ns.example.org\n}', /Corefile:3 - .*ADDRESS must be an IP address, or one with a port: 'ns\.example\.org'/],
    ['no port', 'transfer {\n to 192.0.2.1:0\n}', /ADDRESS must be an IP address, or one with a port/],
    ['a port that there is not', 'transfer {\n to [2001:db8::1]:65536\n}', /ADDRESS must be an IP address, or one with a port/],
    ['a network', 'transfer {\n to 192.0.2.0/24\n}', /ADDRESS must be an IP address, or one with a port/],
    ['two sources', 'transfer {\n to *\n source 192.0.2.1\n source 192.0.2.2\n}', /Corefile:5 - .*source already specified/],
    ['a source with a name', 'transfer {\n to *\n source ns.example.org\n}', /invalid source address 'ns\.example\.org'/],
    ['a source with a port', 'transfer {\n to *\n source 192.0.2.1:53\n}', /invalid source address/],
    ['something else', 'transfer {\n from 192.0.2.1\n}', /unknown property 'from'/],
  ] // biome-ignore format: a table
  for (const [name, lines, told] of cases)
    test(name, () => {
      refuses(transfer, lines, told)
    })
})
