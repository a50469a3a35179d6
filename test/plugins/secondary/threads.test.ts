import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'
import { addressOf, notify, startPrimary, typesAsked, zone } from './primary.ts'

const HOSTS = Array.from({ length: 1000 }, (_, i) => `host${i}.example.org. 60 IN A 192.0.2.7`)

test('several threads answer for a zone that is transferred once', { timeout: 60_000 }, async () => {
  await using primary = await startPrimary({ 'example.org.': [...zone(1), ...HOSTS] })
  await using server = await startServer(`.:0 {\n multisocket 3\n secondary example.org {\n transfer from ${primary.to}\n}\n}\n`)
  // Each query comes from a port of its own, and the kernel chooses a thread by it.
  const everywhere = async (address: string) => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => addressOf(server)))
    return answers.every(answer => answer === address)
  }
  await until(() => everywhere('192.0.2.1'))
  assert.equal((await server.query('host999.example.org')).answer.length, 1)
  assert.deepEqual(typesAsked(primary), ['AXFR'])
  for (const serial of [2, 3]) {
    primary.zones['example.org.'] = zone(serial)
    await Promise.all(Array.from({ length: 20 }, () => notify(server)))
    await until(() => everywhere(`192.0.2.${serial}`))
  }
  assert.equal(typesAsked(primary).filter(type => type === 'AXFR').length, 3)
  assert.equal(server.stdout.filter(line => line.includes('Transferred: ')).length, 3)
  primary.script = () => undefined
  const from = server.stdout.length
  server.signal('SIGUSR1')
  await server.waitForLine(/Reloading complete/, { from })
  assert.ok(await everywhere('192.0.2.3'))
})
