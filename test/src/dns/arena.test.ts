import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arena } from '#src/dns/arena.ts'
import { TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { type Sections, SectionsBuilder } from '#src/dns/sections.ts'

const key = toKey('web.example.org')

/** All that is to be seen of sections. */
function seen(sections: Sections) {
  const { answers, authorities, additionals, base, length, bytes, spans, addressGroups } = sections
  const written = Buffer.alloc(length + 2)
  sections.write(written, 1)
  return { answers, authorities, additionals, base, length, bytes: Buffer.from(bytes), written, spans, addressGroups }
}

test('what is put in comes back, whatever is put in after it', () => {
  const arena = new Arena()
  const held = Array.from({ length: 5000 }, (_, i) => {
    const builder = new SectionsBuilder(key)
    for (let n = 0; n < i % 4; n++) builder.address(key, i, n < 2 ? Buffer.of(10, i >> 8, i & 255, n) : Buffer.alloc(16, n))
    const sections = builder.build()
    return { sections, number: arena.add(sections) }
  })
  assert.equal(new Set(held.map(({ number }) => number)).size, held.length)
  for (const { sections, number } of held) assert.deepEqual(seen(arena.get(number, key)), seen(sections))
})

test('records of the longest message have room', () => {
  const arena = new Arena()
  const long = new SectionsBuilder(key).record(key, TYPE.TXT, 1, 5, Buffer.alloc(65_523, 7)).build()
  const short = new SectionsBuilder(key).address(key, 5, Buffer.of(192, 0, 2, 1)).build()
  assert.equal(long.length, 65_535)
  const numbers = [short, long, short, long].map(sections => arena.add(sections))
  assert.deepEqual(
    numbers.map(number => seen(arena.get(number, key))),
    [short, long, short, long].map(seen),
  )
})

test('they hold for every question of a length', () => {
  const arena = new Arena()
  const number = arena.add(new SectionsBuilder(key).address(key, 5, Buffer.of(192, 0, 2, 1)).build())
  const other = toKey('a.much-longer.example.org')
  assert.deepEqual(
    seen(arena.get(number, other)),
    seen(new SectionsBuilder(other).address(other, 5, Buffer.of(192, 0, 2, 1)).build()),
  )
})
