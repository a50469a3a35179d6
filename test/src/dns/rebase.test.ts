import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '#src/dns/codes.ts'
import { FormatError } from '#src/dns/message.ts'
import { toKey } from '#src/dns/name.ts'
import { firstOwner, rebase } from '#src/dns/rebase.ts'
import { Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { queryOf } from '#test/support/exchange.ts'
import { lines } from '#test/support/records.ts'

const SHORT = toKey('a.example')
const LONG = toKey('quite.another.name.example.org')

/** One record for the question `a.example`, with compressed names in its data where its type has them. */
const compressed: readonly (readonly [type: number, data: string, line: string])[] = [
  [TYPE.NS, '\x02ns\xc0\x0c', 'NS ns.a.example.'],
  [TYPE.CNAME, '\xc0\x0e', 'CNAME example.'],
  [TYPE.PTR, '\xc0\x0c', 'PTR a.example.'],
  [TYPE.DNAME, '\xc0\x0c', 'DNAME a.example.'],
  [TYPE.MX, '\0\x05\xc0\x0c', 'MX 5 a.example.'],
  [TYPE.SRV, '\0\x01\0\x02\0\x03\xc0\x0c', 'SRV 1 2 3 a.example.'],
  [TYPE.SOA, `\x02ns\xc0\x0c\x04mail\xc0\x0e${'\0\0\0\x07'.repeat(5)}`, 'SOA ns.a.example. mail.example. 7 7 7 7 7'],
  [TYPE.NAPTR, '\0\x01\0\x02\x01s\x04http\0\xc0\x0c', 'NAPTR 1 2 "s" "http" "" a.example.'],
  [TYPE.TXT, '\x02\xc0\x0c', 'TXT "\\192\\012"'],
]

test('what stands for one question stands for another one of another length', () => {
  const asked = queryOf('a.example')
  for (const [type, data, line] of compressed) {
    const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 9, 0, data.length])
    const sections = new Sections(Buffer.concat([head, Buffer.from(data, 'latin1')]), 1, 0, 0, 12 + SHORT.length + 4)
    const moved = rebase(asked, sections, new SectionsBuilder(LONG)).build()
    const { message } = queryOf('quite.another.name.example.org')
    const whole = Buffer.concat([message, moved.bytes])
    whole.writeUInt16BE(1, 6)
    assert.deepEqual(lines(whole).answer, [`a.example. 9 IN ${line}`])
    assert.equal(firstOwner(queryOf('quite.another.name.example.org'), moved), SHORT)
  }
})

test('each record stays in its section, with its TTL', () => {
  const builder = new SectionsBuilder(SHORT).address(SHORT, 1, Uint8Array.of(1, 2, 3, 4)).authority()
  builder.name(SHORT, TYPE.NS, 2, LONG).name(SHORT, TYPE.NS, 3, SHORT).additional().address(LONG, 4, new Uint8Array(16))
  const { answers, authorities, additionals, minimumTtl } = rebase(
    queryOf('a.example'),
    builder.build(),
    new SectionsBuilder(LONG),
  ).build()
  assert.deepEqual([answers, authorities, additionals, minimumTtl], [1, 2, 1, 1])
})

test('sections without answers have no owner', () => {
  assert.equal(
    firstOwner(queryOf('a.example'), new SectionsBuilder(SHORT).authority().name(SHORT, TYPE.NS, 1, SHORT).build()),
    undefined,
  )
})

test('a name in the data that is not well formed is refused', () => {
  const sections = new SectionsBuilder(SHORT).name(SHORT, TYPE.NS, 1, SHORT).build()
  const bytes = Buffer.from(sections.bytes)
  bytes.writeUInt16BE(0xffff, bytes.length - 2)
  const broken = new Sections(bytes, 1, 0, 0, sections.base)
  assert.throws(() => rebase(queryOf('a.example'), broken, new SectionsBuilder(LONG)), FormatError)
})
