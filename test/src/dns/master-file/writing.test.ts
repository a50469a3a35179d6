import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE, TYPES, typeName } from '#src/dns/codes.ts'
import { readEntries } from '#src/dns/master-file/entries.ts'
import { isRdata, writeRdata } from '#src/dns/master-file/rdata.ts'
import { RecordReader } from '#src/dns/master-file/record.ts'
import { toKey } from '#src/dns/name.ts'
import { ZONE } from '#test/plugins/file/zones.ts'
import { Random, SEED } from '#test/support/random.ts'

function read(text: string) {
  const reader = new RecordReader(toKey('example.org'), 60)
  return [...readEntries(text)].filter(({ words }) => words.length > 0 && !words[0]!.startsWith('$')).map(({ words, flush }) => reader.read(words, flush)) // biome-ignore format: one line
}

const again = (type: number, data: string) => read(`a IN ${typeName(type)} ${writeRdata(type, data)}`)[0]!

test('data of every type are written as they are read', () => {
  const records = read(ZONE.replace(/^.*\$\{.*$/gm, ''))
  assert.ok(records.length > 80)
  for (const { type, data } of records) assert.deepEqual(again(type, data).data, data, writeRdata(type, data))
})

test('and as people do', () => {
  for (const line of [
    'MX 10 Mail.example.org.',
    'TXT "a\\"b" "\\000\\255" ""',
    'SRV 0 5 80 www.example.org.',
    'CAA 0 "issue" "ca.example; x"',
    'AAAA 2001:db8::1',
    'NSEC b\\.c.example.org. A MX TYPE731',
    'RRSIG A 13 3 60 20300101000000 20200101120059 7 example.org. AQID',
    'DS 7 13 2 ABCDEF',
    'NAPTR 1 2 "u" "" "!x!" .',
    'EUI48 00-00-5e-00-53-2a',
    'TYPE731 \\# 3 ABCDEF',
    'TYPE731 \\# 0',
    'SVCB \\# 7 00010000010000',
    'URI 10 1 "https://example.org/"',
  ]) {
    // biome-ignore format: one line
    const { type, data } = read(`a IN ${line}`)[0]!
    assert.equal(`${typeName(type)} ${writeRdata(type, data)}`, line)
  }
})

test(`whatever octets they are, seed ${SEED}`, () => {
  const random = new Random(SEED)
  for (let round = 0; round < 3000; round++) {
    const type = random.one(...[...TYPES.values()].filter(code => code !== TYPE.OPT && (code < 128 || code > 255)))
    const data = String.fromCharCode(
      ...Array.from({ length: random.below(40) }, () => random.one(0, 1, 2, 65, 34, 92, random.below(256))),
    )
    if (isRdata(type, data)) assert.equal(again(type, data).data, data, `${typeName(type)} ${writeRdata(type, data)}`)
  }
})
