import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { askMany, CLIENTS } from '#test/plugins/multisocket/clients.ts'
import { scrape } from '#test/plugins/multisocket/metrics.ts'
import { freePort } from '#test/support/ports.ts'
import { always } from '#test/support/scripts.ts'
import { startServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { until } from '#test/support/waiting.ts'

test('a loop is told, cut and unready, and nothing but its zone suffers', async () => {
  const [port, readyPort] = [await freePort(), await freePort()]
  await using server = await startServer(
    `.:${port} {\n errors\n ready 127.0.0.1:${readyPort}\n hosts /dev/null {\n  192.0.2.1 known.example.org\n  fallthrough\n }\n loop\n forward . 127.0.0.1:${port}\n}\n` +
      `example.net:${port} {\n loop\n whoami\n}\n`,
  )
  assert.match(
    await server.waitForLine(/Loop \(/),
    new RegExp(
      `^\\[ERROR\\] plugin/loop: Loop \\(127\\.0\\.0\\.1:\\d+ -> :${port}\\) detected for zone "\\.", see https://coredns\\.io/plugins/loop#troubleshooting\\. Query: "HINFO \\d+\\.\\d+\\."$`,
    ),
  )
  assert.equal((await server.query('example.org')).rcode, 'SERVFAIL')
  assert.match(
    await server.waitForLine(/2 example\.org\. A/),
    /^\[ERROR\] plugin\/errors: 2 example\.org\. A: Loop \(127\.0\.0\.1:/,
  )
  assert.deepEqual((await server.query('known.example.org')).answer, ['known.example.org. 3600 IN A 192.0.2.1'])
  assert.equal((await server.query('example.net')).rcode, 'NOERROR')
  const response = await fetch(`http://127.0.0.1:${readyPort}/ready`)
  assert.equal(response.status, 503)
  assert.match(await response.text(), /^loop\nloop: Loop \(127\.0\.0\.1:\d+ -> :\d+\) detected for zone "\."$/)
  assert.equal(server.stdout.filter(line => line.includes('plugin/loop: Loop')).length, 1)
  assert.equal(server.child.exitCode, null)
})

test('with several threads, one tells of a loop, and each cuts it', async () => {
  const [port, metrics] = [await freePort(), await freePort()]
  await using server = await startServer(
    `.:${port} {\n multisocket 4\n prometheus 127.0.0.1:${metrics}\n loop\n forward . 127.0.0.1:${port}\n}\n`,
  )
  await server.waitForLine(/Loop \(/)
  const requests = async () =>
    [...(await scrape(metrics))]
      .filter(([name]) => name.startsWith('coredns_serving_thread_requests'))
      .reduce((sum, [, n]) => sum + n, 0)
  // Each query is read once, and goes round no more.
  await until(async () => {
    const before = await requests()
    assert.deepEqual(await askMany(server, 'example.org'), ['SERVFAIL'])
    return (await requests()) === before + CLIENTS
  })
  assert.equal(server.stdout.filter(line => line.includes('plugin/loop: Loop')).length, 1)
})

test('where there is no loop, a probe goes upstream once and the block is ready', async () => {
  await using upstream = await startUpstream(always(0))
  const readyPort = await freePort()
  await using server = await startServer(
    `example.org:0 10.0.0.0/8:0 {\n ready 127.0.0.1:${readyPort}\n loop\n forward . ${upstream.to}\n}\n`,
  )
  await upstream.saw(1)
  await readyOn(readyPort)
  const [probe, ...more] = upstream.seen
  assert.deepEqual(more, [])
  assert.equal(probe?.type, 'HINFO')
  assert.match(probe.name, /^\d{10,19}\.\d{10,19}\.example\.org\.$/i)
  assert.equal((await server.query('www.example.org')).rcode, 'NOERROR')
  assert.doesNotMatch(server.output, /Loop/)
})

async function readyOn(port: number): Promise<void> {
  await until(
    async () => (await fetch(`http://127.0.0.1:${port}/ready`)).status === 200,
    () => setTimeout(20),
  )
}
