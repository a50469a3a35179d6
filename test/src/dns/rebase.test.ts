import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '#src/dns/codes.ts'
import { FormatError } from '#src/dns/message.ts'
import { toKey } from '#src/dns/name.ts'
import { firstOwner, rebase } from '#src/dns/rebase.ts'
import { Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { queryOf } from '#test/support/exchange.ts'

const SHORT = toKey('a.example')
const LONG = toKey('quite.another.name.example.org')

/** One record for `name`, whose data is written with compression where its type allows that. */
function one(name: string, type: number): Sections {
  const builder = new SectionsBuilder(name)
  if (type === TYPE.SOA)
    builder.soa(name, 1, {
      mname: toKey('ns.example'),
      rname: toKey('mail.ns.example'),
      serial: 1,
      refresh: 2,
      retry: 3,
      expire: 4,
      minimum: 5,
    })
  else builder.name(name, type, 1, toKey('x.a.example'))
  return builder.build()
}

test('what stands for one question stands for another one of another length', () => {
  const asked = queryOf('a.example')
  for (const type of [TYPE.NS, TYPE.CNAME, TYPE.PTR, TYPE.DNAME, TYPE.SOA]) {
    const moved = rebase(asked, one(SHORT, type), new SectionsBuilder(LONG)).build()
    const back = rebase(queryOf('quite.another.name.example.org'), moved, new SectionsBuilder(SHORT)).build()
    const whole = rebase(asked, one(SHORT, type), new SectionsBuilder(SHORT)).build()
    assert.deepEqual(back.bytes, whole.bytes)
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
  const sections = one(SHORT, TYPE.NS)
  const bytes = Buffer.from(sections.bytes)
  bytes.writeUInt16BE(0xffff, bytes.length - 2)
  const broken = new Sections(bytes, 1, 0, 0, sections.base)
  assert.throws(() => rebase(queryOf('a.example'), broken, new SectionsBuilder(LONG)), FormatError)
})
