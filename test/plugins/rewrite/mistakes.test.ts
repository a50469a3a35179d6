import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rewrite } from '#plugins/rewrite/index.ts'
import { Problem } from '#src/plugin.ts'
import { directiveOf } from '#test/support/directive.ts'

test('mistakes are named', () => {
  for (const [lines, message] of [
    ['', /expected FIELD/],
    ['stop', /expected FIELD/],
    ['nme a.org b.org', /FIELD must be one of name, .*: 'nme' .*did you mean 'name'/],
    ['answer name a b', /response rewrites must begin with a name rule/],
    ['name a.org', /expected TO/],
    ['name a..org b.org', /FROM must be a domain name: .*empty label/],
    ['name exact a.org b..org', /not part of a domain name: .*empty label/],
    ['name sufix a.org b.org', /match must be one of exact, .*: 'sufix' .*did you mean 'suffix'/],
    ['name suffix ..org b.org', /not part of a domain name/],
    ['name regex (a b', /FROM is no regular expression/],
    [`name regex ${'a'.repeat(10_001)} b`, /FROM is too long/],
    ['name regex (a) {2}.org', /no group \{2\} in the regular expression, which has 1/],
    ['name regex a {x metadata', /unmatched '{'/],
    ['name regex a {x} metadata', /neither a group nor a label: '{x}'/],
    ['name suffix a b metadata', /metadata is only supported for regex name rules/],
    ['name suffix a b auto', /what follows TO must be one of answer: 'auto'/],
    ['name suffix a b answer', /expected answer/],
    ['name suffix a b answer all', /answer must be one of auto, name, value: 'all'/],
    ['name suffix a b answer name c', /expected TO/],
    ['name suffix a b answer auto answer name c d', /answer auto cannot be combined with answer name/],
    ['name suffix a b answer value (c) {2}', /no group \{2\}/],
    ['type A', /expected type/],
    ['type A B', /no type: 'B'/],
    ['class IN XX', /no class: 'XX'/],
    ['type A AAAA MX', /expected no more arguments/],
    ['edns0 local set 0xffee abcd', /edns0 rules are not supported yet/],
    ['ttl a.org', /expected SECONDS/],
    ['ttl a.org 1h', /invalid TTL '1h'/],
    ['ttl a.org -', /invalid TTL '-'/],
    ['ttl a.org 20-10', /invalid TTL '20-10'/],
    ['ttl a.org 4294967296', /invalid TTL '4294967296'/],
    ['rcode a.org SERVFAIL', /expected rcode/],
    ['rcode a.org SERVFAIL NOERR', /no rcode: 'NOERR' .*did you mean 'NOERROR'/],
    ['rcode a.org 2 24', /no rcode: '24'/],
    ['cname regex a {1}', /no group \{1\}/],
    ['cname substring "" b', /FROM is empty/],
    ['{\n name {\n  exact a b\n }\n}', /unexpected block after 'name'/],
  ] as const)
    assert.throws(
      () => rewrite.parse(directiveOf(`rewrite ${lines}`)),
      (error: Error) => error instanceof Problem && /Corefile:\d+ - /.test(error.message) && message.test(error.message),
      lines,
    )
})
