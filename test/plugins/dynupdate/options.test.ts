import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { dynupdate } from '#plugins/dynupdate/index.ts'
import { TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const parse = (lines: string) => dynupdate.parse(directiveOf(lines))

test('every option', () => {
  const options = parse(`dynupdate Sub.example.org {
      file db
      allow Key.Example a.sub.example.org. A AAAA type99 any
      allow key2. @ TXT
      allow key2. * *
      database state/zone.db
      max_records 10
      max_bytes 2000
      max_update_records 3
    }`)
  assert.deepEqual(options, {
    zone: 'sub.example.org.',
    file: 'db',
    database: 'state/zone.db',
    rules: [
      { key: toKey('key.example'), name: toKey('a.sub.example.org'), types: new Set([TYPE.A, TYPE.AAAA, TYPE.SPF, TYPE.ANY]) },
      { key: toKey('key2'), name: toKey('sub.example.org'), types: new Set([TYPE.TXT]) },
      { key: toKey('key2'), name: undefined, types: undefined },
    ],
    limits: { records: 10, bytes: 2000 },
    maxUpdateRecords: 3,
  })
})

test("by default, the server block's zone and CoreDNS's limits", () => {
  const { zone, database, limits, maxUpdateRecords } = parse('dynupdate {\n file db\n allow key * *\n}')
  assert.deepEqual(
    [zone, database, limits, maxUpdateRecords],
    ['example.org.', undefined, { records: 10_000, bytes: 8_388_608 }, 1024],
  )
})

suite('what is wrong is told with its place', () => {
  const cases: readonly (readonly [name: string, lines: string, told: RegExp])[] = [
    ['no file', 'dynupdate {\n allow key * *\n}', /^plugin\/dynupdate: Corefile:2 - Error during parsing: file is required/],
    ['nothing allowed', 'dynupdate {\n file db\n}', /Corefile:2 - .*at least one allow rule is required/],
    ['two zones', 'dynupdate a.example.org b.example.org {\n file db\n}', /Corefile:2 - .*exactly one zone is allowed/],
    ['two files', 'dynupdate {\n file db\n file db\n}', /Corefile:4 - .*file specified more than once/],
    ['two limits', 'dynupdate {\n max_bytes 1\n max_bytes 1\n}', /Corefile:4 - .*max_bytes specified more than once/],
    ['no records', 'dynupdate {\n max_records 0\n}', /Corefile:3 - .*COUNT must be a whole number of at least 1: '0'/],
    ['no type', 'dynupdate {\n allow key *\n}', /Corefile:3 - .*expected TYPE/],
    ['no key', 'dynupdate {\n allow * * *\n}', /invalid TSIG key '\*'/],
    ['a name outside', 'dynupdate {\n allow key a.example.net A\n}', /allow name 'a\.example\.net' is outside the zone/],
    ['all types and others', 'dynupdate {\n allow key * A *\n}', /wildcard RR type must be the only type in an allow rule/],
    ['others than all types', 'dynupdate {\n allow key * * A\n}', /wildcard RR type must be the only type in an allow rule/],
    ['a type of signatures', 'dynupdate {\n allow key * DS\n}', /invalid RR type 'DS' in allow rule/],
    ['a type of queries', 'dynupdate {\n allow key * AXFR\n}', /invalid RR type 'AXFR' in allow rule/],
    ['a type that is not known', 'dynupdate {\n allow key * TYPE65280\n}', /invalid RR type 'TYPE65280' in allow rule/],
    ['another option', 'dynupdate {\n files db\n}', /unknown property 'files'/],
    ['two uses', 'dynupdate {\n file db\n allow key * *\n}\ndynupdate {\n file db\n}', /this plugin can only be used once per Server Block/],
  ] // biome-ignore format: a table
  for (const [name, lines, told] of cases) test(name, () => refuses(dynupdate, lines, told))
})
