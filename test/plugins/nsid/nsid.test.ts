import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { nsid } from '#plugins/nsid/index.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { nameError } from '#src/plugin.ts'
import { refuses } from '#test/support/directive.ts'
import { startInProcess } from '#test/support/in-process.ts'

const NSID = 3
const asking = { edns: { options: [[NSID, new Uint8Array(0)]] } } as const

test('who asks for it is told, whatever the reply is', async () => {
  await using server = await startInProcess('nsid Use The Force\nscript')
  const told = async () => `${(await server.query('example.org', 'A', asking)).edns?.options.get(NSID)}`
  assert.equal(await told(), 'Use The Force')
  server.script = async () => nameError(NO_RECORDS)
  assert.equal(await told(), 'Use The Force')
})

test('who does not ask is not told', async () => {
  await using server = await startInProcess('nsid x\nscript')
  assert.equal((await server.query('example.org', 'A', { edns: true })).edns?.options.size, 0)
  assert.equal((await server.query('example.org')).edns, undefined)
})

test('by default it is the name of the host; without the plugin there is none', async () => {
  await using server = await startInProcess('nsid\nscript')
  assert.equal(`${(await server.query('example.org', 'A', asking)).edns?.options.get(NSID)}`, hostname())
  await using without = await startInProcess('script')
  assert.equal((await without.query('example.org', 'A', asking)).edns?.options.size, 0)
})

test('a second line and options are refused', () => {
  for (const lines of ['nsid a\nnsid b', 'nsid {\n a\n}']) refuses(nsid, lines)
})
