import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toKey } from '#src/dns/name.ts'
import { refused } from '#src/dns/reply.ts'
import { type Zone, Zones } from '#src/server/zones.ts'
import { queryOf } from '#test/support/exchange.ts'

const zone = (name: string): Zone => ({ key: toKey(name), name, handler: () => refused() })
const serving = (...names: readonly string[]) => new Zones(names.map(name => [toKey(name), zone(name)]))

const routes: readonly (readonly [name: string, zones: Zones, asked: string, type: string, zone: string | undefined])[] = [
  ['the zone that holds the name', serving('example.org.'), 'www.example.org', 'A', 'example.org.'],
  ['the longest of several', serving('.', 'org.', 'example.org.'), 'www.Example.ORG', 'A', 'example.org.'],
  ['the root where nothing else does', serving('.', 'example.org.'), 'www.example.net', 'A', '.'],
  ['none where nothing does', serving('example.org.'), 'www.example.net', 'A', undefined],
  ['none without zones', serving(), '.', 'NS', undefined],
  ['DS of a zone: its parent', serving('org.', 'example.org.'), 'example.org', 'DS', 'org.'],
  ['DS of a zone: the next zone above, however far', serving('.', 'a.example.org.'), 'a.example.org', 'DS', '.'],
  ['DS of a zone without parent here: the zone itself', serving('example.org.'), 'example.org', 'DS', 'example.org.'],
  ['DS below a zone', serving('org.', 'example.org.'), 'www.example.org', 'DS', 'example.org.'],
  ['DS of the root', serving('.'), '.', 'DS', '.'],
  ['any other type of a zone', serving('org.', 'example.org.'), 'example.org', 'SOA', 'example.org.'],
]

for (const [name, zones, asked, type, expected] of routes) {
  test(`the zone of a query: ${name}`, () => assert.equal(zones.route(queryOf(asked, type))?.name, expected))
}
