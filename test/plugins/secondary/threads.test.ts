import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
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
  for (const serial of [2, 3]) {
    primary.zones['example.org.'] = zone(serial)
    await Promise.all(Array.from({ length: 20 }, () => notify(server)))
    await until(() => isEverywhere(`192.0.2.${serial}`, server))
  }
  assert.equal(typesAsked(primary).filter(type => type === 'AXFR').length, 3)
  assert.equal(server.stdout.filter(line => line.includes('Transferred: ')).length, 3)

  const { to } = primary
  await primary.stop()
  await reload(server)
  assert.ok(await isEverywhere('192.0.2.3', server))
  await writeFile(server.path('Corefile'), corefile('example.org', `${to} 127.0.0.1:1`))
  await reload(server)
  assert.ok(await isEverywhere('192.0.2.3', server))
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
