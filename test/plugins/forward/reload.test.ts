import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delayed, silence, zone } from '#test/support/scripts.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { startLocal } from './server.ts'

const WEB = 'web.example.org. 300 IN A 192.0.2.1'
const example = zone(WEB)

test('a reload keeps connections to upstreams that stay, and closes the others', async () => {
  await using stays = await startUpstream(example)
  await using goes = await startUpstream(example)
  const lines = (...to: string[]) =>
    to.map((upstream, i) => `forward n${i}.example.org ${upstream} {\nforce_tcp\nmax_idle_conns 1\n}`).join('\n')
  await using server = await startLocal(lines(stays.to, goes.to))
  for (const name of ['n0.example.org.', 'n1.example.org.']) await server.query(name)
  server.block = lines(stays.to)
  await server.reload()
  for (let i = 0; i < 3; i++) await server.query('n0.example.org.')
  assert.equal(stays.connections, 1)
  server.block = lines(goes.to)
  await server.reload()
  await server.query('n0.example.org.')
  assert.equal(goes.connections, 2)
})

test('a reload keeps what is known of the upstreams’ health', async () => {
  await using dead = await startUpstream(silence)
  await using alive = await startUpstream(example)
  await using server = await startLocal(`forward . ${dead.to} ${alive.to} {\npolicy sequential\n}`)
  await server.query('web.example.org.')
  server.block = `whoami\n${server.block}`
  await server.reload()
  await server.query('other.example.org.')
  assert.ok(!dead.seen.some(({ name }) => name === 'other.example.org.'))
})

test('other options make it another upstream', async () => {
  await using upstream = await startUpstream(example)
  const line = (options: string) => `forward . ${upstream.to} {\nforce_tcp\n${options}\n}`
  await using server = await startLocal(line(''))
  await server.query('web.example.org.')
  server.block = line('read_timeout 1s')
  await server.reload()
  await server.query('web.example.org.')
  assert.equal(upstream.connections, 2)
})

test('queries that are under way at a reload are answered', async () => {
  await using upstream = await startUpstream(delayed(300, example))
  await using server = await startLocal(`forward . ${upstream.to}`)
  const waiting = [server.query('web.example.org.'), server.queryTcp('web.example.org.')]
  await upstream.saw(2)
  server.block = 'whoami'
  await server.reload()
  for (const { answer } of await Promise.all(waiting)) assert.deepEqual(answer, [WEB])
})

test('a reload that fails takes nothing away', async () => {
  await using upstream = await startUpstream(example)
  await using resolver = await startUpstream(zone())
  const line = `forward . ${upstream.to} {\nforce_tcp\nmax_idle_conns 1\n}`
  await using server = await startLocal(line)
  await server.query('web.example.org.')
  server.block = `${line}\nforward . none.example.org {\nresolver ${resolver.to}\n}`
  await assert.rejects(server.reload(), /plugin\/forward: Corefile:\d+ - failed to resolve "none\.example\.org"/)
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  assert.equal(upstream.connections, 1)
})

test('two lines with the same upstream share its connections', async () => {
  await using upstream = await startUpstream(example)
  const line = (zone: string) => `forward ${zone} ${upstream.to} {\nforce_tcp\nmax_idle_conns 1\n}`
  await using server = await startLocal(`${line('example.org')}\n${line('.')}`)
  await server.query('web.example.org.')
  await server.query('example.net.')
  assert.equal(upstream.connections, 1)
})
