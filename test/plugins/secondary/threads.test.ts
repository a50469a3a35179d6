import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { scrape } from '#test/plugins/multisocket/metrics.ts'
import { zone as masterFile, serve } from '#test/plugins/transfer/serving.ts'
import { freePort } from '#test/support/ports.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'
import { addressOf, catalog, notify, startPrimary, typesAsked, zone } from './primary.ts'

const HOSTS = Array.from({ length: 1000 }, (_, i) => `host${i}.example.org. 60 IN A 192.0.2.7`)

const corefile = (zone: string, to: string, more = '') =>
  `.:0 {\n multisocket 3\n secondary ${zone} {\n transfer from ${to}\n${more}}\n}\n`

/** Whether every thread has that address: each query comes from a port of its own, and the kernel chooses a thread by it. */
async function isEverywhere(address: string, server: ServerProcess, origin = 'example.org.'): Promise<boolean> {
  const answers = await Promise.all(Array.from({ length: 40 }, () => addressOf(server, origin)))
  return answers.every(answer => answer === address)
}

async function reload(server: ServerProcess): Promise<void> {
  const from = server.stdout.length
  server.signal('SIGUSR1')
  await server.waitForLine(/Reloading complete/, { from })
}

test('several threads answer for a zone that is transferred once', { timeout: 60_000 }, async () => {
  await using primary = await startPrimary({ 'example.org.': [...zone(1), ...HOSTS] })
  await using server = await startServer(corefile('example.org', primary.to))
  await until(() => isEverywhere('192.0.2.1', server))
  assert.equal((await server.query('host999.example.org')).answer.length, 1)
  assert.deepEqual(typesAsked(primary), ['AXFR'])
  // One that a further thread reads is passed on.
  for (const serial of [2, 3, 4, 5]) {
    primary.zones['example.org.'] = zone(serial)
    await notify(server)
    await until(() => isEverywhere(`192.0.2.${serial}`, server))
  }
  assert.equal(typesAsked(primary).filter(type => type === 'AXFR').length, 5)
  await until(() => server.stdout.filter(line => line.includes('Transferred: ')).length === 5)

  const { to } = primary
  await primary.stop()
  await reload(server)
  assert.ok(await isEverywhere('192.0.2.5', server))
  await writeFile(server.path('Corefile'), corefile('example.org', `${to} 127.0.0.1:1`))
  await reload(server)
  assert.ok(await isEverywhere('192.0.2.5', server))
})

test('several threads answer for zones that a catalog lists', { timeout: 60_000 }, async () => {
  await using primary = await startPrimary({
    'catalog.example.': catalog(1, ['a PTR example.org.']),
    'example.org.': zone(1),
    'example.net.': zone(2, 'example.net.'),
  })
  await using server = await startServer(corefile('catalog.example', primary.to, ' catalog\n'))
  await until(() => isEverywhere('192.0.2.1', server))
  primary.zones['catalog.example.'] = catalog(2, ['a PTR example.org.', 'b PTR example.net.'])
  await notify(server, 'catalog.example.')
  await until(() => isEverywhere('192.0.2.2', server, 'example.net.'))
  assert.equal(typesAsked(primary).filter(type => type === 'AXFR').length, 4)
  await reload(server)
  assert.ok(await isEverywhere('192.0.2.2', server, 'example.net.'))
  assert.equal(typesAsked(primary).filter(type => type === 'AXFR').length, 4)
})

test('a thread that is started again has the zone before it answers', { timeout: 60_000 }, async () => {
  const metrics = await freePort()
  // So long that a thread needs a while to be told of it.
  await using primary = await serve({ db: masterFile(1, 30_000) }, 'file db example.org\ntransfer example.org {\n to *\n}')
  const lines = ` prometheus 127.0.0.1:${metrics}\n crash\n`
  const to = `127.0.0.1:${primary.port}`
  await using server = await startServer(corefile('example.org', to).replace(/}\n$/, `${lines}}\n`), {
    env: { NODE_OPTIONS: `--import=${new URL('../multisocket/crash.ts', import.meta.url)}` },
  })
  const isAnswered = async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => server.query('host1.example.org')))
    return answers.every(({ rcode }) => rcode === 'NOERROR')
  }
  await until(isAnswered)
  await Promise.all(Array.from({ length: 40 }, () => server.query('crash.example.org', 'A', { timeout: 200 }).catch(() => {})))
  // Until both have, what the kernel gives to one that is about to fail is lost.
  for (const thread of [1, 2]) await server.waitForLine(new RegExp(`serving thread ${thread} has failed and starts again`))
  await until(async () => {
    assert.ok(await isAnswered())
    return (await scrape(metrics)).get('coredns_serving_threads') === 3
  })
  for (let i = 0; i < 10; i++) assert.ok(await isAnswered())
  assert.equal(server.stdout.filter(line => line.includes('Transferred: ')).length, 1)
})
