import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { secondary } from '#plugins/secondary/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const parse = (lines: string) => secondary.parse(directiveOf(lines))
const primary = (address: string, port = 53) => ({ address, port })

test('several uses, each with zones and primaries of its own', () => {
  const options = parse(`secondary a.example.org 10.in-addr.arpa {
      transfer from 192.0.2.1 192.0.2.2:1053
      fallthrough a.example.org
      transfer from [2001:db8::1]:34 fe80::1%eth0
    }
    secondary {
      transfer from 192.0.2.3
      catalog
      fallthrough
    }
    secondary catalog.example {
      transfer from 192.0.2.4
      catalog EXAMPLE.net 192.0.2.0/24
      catalog example.com
    }`)
  assert.deepEqual(options, {
    sources: [
      {
        zones: ['a.example.org.', '10.in-addr.arpa.'],
        primaries: [primary('192.0.2.1'), primary('192.0.2.2', 1053), primary('2001:db8::1', 34), primary('fe80::1%eth0')],
        members: undefined,
      },
      { zones: ['example.org.'], primaries: [primary('192.0.2.3')], members: ['.'] },
      {
        zones: ['catalog.example.'],
        primaries: [primary('192.0.2.4')],
        members: ['example.net.', '2.0.192.in-addr.arpa.', 'example.com.'],
      },
    ],
    fallthrough: ['.'],
  })
})

suite('what is wrong is told with its place', () => {
  const cases: readonly (readonly [name: string, lines: string, told: RegExp])[] = [
    ['no primaries', 'secondary', /^plugin\/secondary: Corefile:2 - Error during parsing: secondary zones require a transfer from property/],
    ['no direction', 'secondary {\n transfer\n}', /Corefile:3 - .*expected DIRECTION/],
    ['another direction', 'secondary {\n transfer to 192.0.2.1\n}', /Corefile:3 - .*DIRECTION must be one of from: 'to'/],
    ['no address', 'secondary {\n transfer from\n}', /Corefile:3 - .*expected ADDRESS/],
    ['everybody', 'secondary {\n transfer from *\n}', /Corefile:3 - .*can't use '\*' in transfer from/],
    ['a name', 'secondary {\n transfer from ns.example.org\n}', /ADDRESS must be an IP address, or one with a port: 'ns\.example\.org'/],
    ['a zone twice', 'secondary {\n transfer from 192.0.2.1\n}\nsecondary EXAMPLE.org {\n transfer from 192.0.2.1\n}', /Corefile:5 - .*zone example\.org\. has primaries already/],
    ['no zone in a catalog', 'secondary {\n transfer from 192.0.2.1\n catalog a..b\n}', /Corefile:4 - .*'a\.\.b' is not a zone/],
    ['something else', 'secondary {\n transferr from 192.0.2.1\n}', /unknown property 'transferr'/],
  ] // biome-ignore format: a table
  for (const [name, lines, told] of cases)
    test(name, () => {
      refuses(secondary, lines, told)
    })
})
