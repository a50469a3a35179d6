import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Resources } from '#src/feeds/istiod/resources.ts'
import { ProtobufReader } from '#src/protobuf-reader.ts'

const MOST = 500_000
const EMPTY = new ProtobufReader(Buffer.alloc(0))

function create() {
  let changes = 0
  const resources = new Resources<number>({ read: () => 1, isSame: () => true, change: () => changes++ })
  const read = (from: number, to: number) => {
    for (let i = from; i < to; i++) resources.read(`resource-${i}`, '', EMPTY)
  }
  return { resources, read, changes: () => changes }
}

test('more resources than are held are refused in one response, and what was held stays', () => {
  const { resources, read } = create()
  read(0, 2)
  assert.equal(resources.apply([], true), undefined)
  assert.throws(() => read(0, MOST + 1), { name: 'Malformed', message: 'more than 500000 resources' })
  resources.discard()
  assert.equal(resources.size, 2)
})

test('and so are those that come one by one; others may come in the place of those that went', () => {
  const { resources, read, changes } = create()
  read(0, MOST)
  resources.apply([], true)
  assert.equal(changes(), MOST)
  assert.throws(() => read(MOST, MOST + 1), /more than 500000 resources/)
  resources.discard()
  read(0, 10)
  resources.apply(['resource-7'], false)
  read(MOST, MOST + 1)
  assert.equal(resources.apply([], false), undefined)
  assert.deepEqual([resources.size, resources.get(`resource-${MOST}`)], [MOST, 1])
})
