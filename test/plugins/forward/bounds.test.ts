import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delayed, reply, zone } from '#test/support/scripts.ts'
import { startServer } from '#test/support/server.ts'
import { type Asked, startUpstream } from '#test/support/upstream.ts'
import { startLocal } from './server.ts'

const WEB = 'web.example.org. 300 IN A 192.0.2.1'
const example = zone(WEB)

test('identical questions under way are asked once, and every client gets its reply', async () => {
  await using upstream = await startUpstream(delayed(100, example))
  await using server = await startLocal(`forward . ${upstream.to}`)
  const names = ['web.example.org.', 'WEB.example.org.', 'wEb.example.org.']
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => server.query(names[i % 3]!, 'A', { id: i })))
  assert.equal(upstream.seen.length, 1)
  for (const [i, { id, question, answer }] of answers.entries())
    assert.deepEqual([id, question, answer], [i, `${names[i % 3]} IN A`, ['web.example.org. 300 IN A 192.0.2.1']])
  await server.query('web.example.org.')
  assert.equal(upstream.seen.length, 2)
})

test('what changes the answer makes another question: type, class, RD, AD, CD, DO, the transport', async () => {
  await using upstream = await startUpstream(delayed(100, asked => reply(asked)))
  await using server = await startLocal(`forward . ${upstream.to}`)
  const name = 'web.example.org.'
  await Promise.all([
    server.query(name),
    server.query(name, 'A', { edns: true }),
    server.query(name, 'AAAA'),
    server.query(name, 'A', { class: 3 }),
    server.query(name, 'A', { flags: 0 }),
    server.query(name, 'A', { flags: 0x0120 }),
    server.query(name, 'A', { flags: 0x0110 }),
    server.query(name, 'A', { edns: { dnssecOk: true } }),
    server.queryTcp(name),
  ])
  assert.equal(upstream.seen.length, 8)
})

test('max_concurrent: more queries than that are refused, with the reason, and not counted against the upstream', async () => {
  let release = (): void => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  await using upstream = await startUpstream(async (asked: Asked) => {
    await released
    return example(asked) as Buffer
  })
  await using server = await startServer(`.:0 {\nerrors\nforward . ${upstream.to} {\nmax_concurrent 3\n}\n}\n`)
  const waiting = ['a', 'b', 'b'].map(name => server.query(`${name}.example.org.`, 'TXT'))
  await upstream.saw(2)
  assert.equal((await server.query('c.example.org.')).rcode, 'REFUSED')
  await server.waitForLine(/plugin\/errors: 5 c\.example\.org\. A: concurrent queries exceeded maximum 3$/)
  release()
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ rcode }) => rcode),
    ['NXDOMAIN', 'NXDOMAIN', 'NXDOMAIN'],
  )
  const later = await Promise.all(['c', 'd', 'e'].map(name => server.query(`${name}.example.org.`)))
  assert.ok(later.every(({ rcode }) => rcode === 'NXDOMAIN'))
})

test('refusals are counted, open sockets too', async () => {
  await using upstream = await startUpstream(delayed(50, example))
  await using server = await startLocal(`forward . ${upstream.to} {\nmax_concurrent 2\nmax_idle_conns 1\n}`)
  await Promise.all(Array.from({ length: 10 }, (_, i) => server.query(`n${i}.example.org.`)))
  assert.equal(await server.metric('coredns_forward_max_concurrent_rejects_total'), 8)
  const labels = { proxy_name: 'forward', to: upstream.to, proto: 'udp' }
  assert.equal(await server.metric('coredns_proxy_conn_cache_misses_total', labels), 1)
  assert.equal(await server.metric('coredns_proxy_conn_cache_hits_total', labels), 1)
})

test('500 questions at a time over few connections: all are answered, each with its own', async () => {
  await using upstream = await startUpstream(async asked => {
    const number = Number(/^n(\d+)/.exec(asked.name)?.[1])
    await new Promise(resolve => setTimeout(resolve, (500 - number) / 5))
    return reply(asked, [`${asked.name} 60 IN A 192.0.2.${number % 250}`])
  })
  await using server = await startLocal(`forward . ${upstream.to} {\nforce_tcp\n}`)
  const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => server.query(`n${i}.example.org.`)))
  for (const [i, { answer }] of answers.entries()) assert.deepEqual(answer, [`n${i}.example.org. 60 IN A 192.0.2.${i % 250}`])
  assert.ok(upstream.connections <= 8, `${upstream.connections} connections`)
})

test('sockets that nobody uses are closed', async () => {
  await using upstream = await startUpstream(example)
  await using server = await startLocal(`forward . ${upstream.to} {\nexpire 100ms\nmax_idle_conns 1\n}`)
  await server.query('web.example.org.')
  await server.queryTcp('web.example.org.')
  const before = upstream.seen.map(({ from }) => from)
  await new Promise(resolve => setTimeout(resolve, 700))
  await server.query('web.example.org.')
  await server.queryTcp('web.example.org.')
  const after = upstream.seen.slice(2).map(({ from }) => from)
  assert.notEqual(before[0], after[0])
  assert.notEqual(before[1], after[1])
  assert.equal(upstream.connections, 2)
})
