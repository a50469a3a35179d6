/** The cache before a real upstream, through sockets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startInProcess } from '#test/support/in-process.ts'
import { optRecord } from '#test/support/message.ts'
import { messageFrom } from '#test/support/records.ts'
import { startServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'

test('the upstream is asked once, by UDP and TCP, whatever the letters', async () => {
  await using upstream = await startUpstream(({ message }) => messageFrom(message, ['www.example.org. 300 IN A 192.0.2.1']))
  await using server = await startServer(`.:0 {\n  cache\n  forward . ${upstream.to}\n}\n`)
  assert.equal((await server.query('www.example.org')).flags, 'qr rd ra')
  for (const answer of [await server.query('WWW.Example.org'), await server.queryTcp('www.example.org')]) {
    assert.equal(answer.flags, 'qr rd ra')
    assert.match(answer.answer[0]!, /^www\.example\.org\. (300|299) IN A 192\.0\.2\.1$/i)
  }
  assert.deepEqual(
    upstream.seen.map(({ name, flags }) => [name.toLowerCase(), flags]),
    [['www.example.org.', 'rd ad']],
  )
})

test('an upstream’s extended error reaches every client', async () => {
  const opt = optRecord({ options: [[15, Buffer.from('\0\x16now')]] })
  await using upstream = await startUpstream(({ message }) => {
    const reply = Buffer.concat([messageFrom(message, ['www.example.org. 300 IN A 192.0.2.1']), opt])
    reply.writeUInt16BE(1, 10)
    return reply
  })
  await using server = await startServer(`.:0 {\n  cache\n  forward . ${upstream.to}\n}\n`)
  for (let i = 0; i < 2; i++) {
    const { edns } = await server.query('www.example.org', 'A', { edns: true })
    assert.deepEqual(edns?.options.get(15), Buffer.from('\0\x16now'))
  }
  assert.equal(upstream.seen.length, 1)
})

test('what is gone with the cache is not counted any more, also behind a reload that failed', async () => {
  await using upstream = await startUpstream(({ message }) => messageFrom(message, ['www.example.org. 300 IN A 192.0.2.1']))
  const forwarding = `forward . ${upstream.to}`
  await using server = await startInProcess(`cache\n${forwarding}`)
  const entries = () => server.metric('coredns_cache_entries', { type: 'success' })
  await server.query('www.example.org')
  assert.equal(await entries(), 1)
  server.corefile = server.corefile.replace(forwarding, `file missing example.org {\nreload 0\n}\n${forwarding}`)
  await assert.rejects(server.server.reload(), /ENOENT/)
  server.corefile = `.:0 {\n${forwarding}\n}\n`
  await server.server.reload()
  assert.equal(await entries(), 0)
})

test('a reload keeps what is remembered', async () => {
  await using upstream = await startUpstream(({ message }) => messageFrom(message, ['www.example.org. 300 IN A 192.0.2.1']))
  await using server = await startServer(`.:0 {\n  cache\n  forward . ${upstream.to}\n}\n`)
  await server.query('www.example.org')
  server.signal('SIGUSR1')
  await server.waitForLine(/^\[INFO\] Reloading complete$/)
  await server.query('www.example.org')
  assert.equal(upstream.seen.length, 1)
})
