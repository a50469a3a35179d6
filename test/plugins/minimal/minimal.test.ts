/** What clients see is told in test/scenarios/minimal-strips-answers.txt. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minimal } from '#plugins/minimal/index.ts'
import { RCODE, TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { type Query, Reply, type ServerBlock } from '#src/plugin.ts'
import { refuses } from '#test/support/directive.ts'

const name = toKey('www.example.org')

function stripped(rcode: number, answers: number, additionals: number): Reply {
  const builder = new SectionsBuilder(name)
  for (let i = 0; i < answers; i++) builder.address(name, 60, Uint8Array.of(192, 0, 2, i))
  builder.additional()
  for (let i = 0; i < additionals; i++) builder.name(name, TYPE.NS, 60, name)
  const handler = minimal.create(undefined, {} as ServerBlock).wrap!(() => new Reply(rcode, 0, builder.build()))
  const reply = handler({} as Query)
  assert.ok(reply instanceof Reply)
  return reply
}

test('an answer stands alone', () => {
  const { sections } = stripped(RCODE.NOERROR, 2, 1)
  assert.deepEqual([sections.answers, sections.authorities, sections.additionals], [2, 0, 0])
  assert.equal(sections.bytes.length, 32)
})

test('other replies stay whole', () => {
  assert.equal(stripped(RCODE.NXDOMAIN, 1, 1).sections.additionals, 1)
  assert.equal(stripped(RCODE.NOERROR, 0, 2).sections.additionals, 2)
})

test('arguments and options are refused', () => {
  for (const lines of ['minimal all', 'minimal {\n all\n}']) {
    refuses(minimal, lines)
  }
})
