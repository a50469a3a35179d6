import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plugins } from '#plugins/index.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import { createLogger } from '#src/log.ts'
import { DnsServer } from '#src/server/process.ts'
import { askUdp } from '#test/support/client.ts'
import { loaded } from '#test/support/loaded.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { fencesOf, read } from './files.ts'
import { sinkhole } from './sinkhole/index.ts'

test('the plugin that plugins/README.md shows is the one that is tested here', () => {
  const shown = fencesOf(read('plugins/README.md').text).find(({ text }) => text.includes('sinkhole'))
  assert.equal(shown?.text, read('test/house/sinkhole/index.ts').text)
})

test('it works', async () => {
  const server = new DnsServer({
    version: 'test',
    plugins: [loaded(sinkhole), ...plugins],
    port: 0,
    log: createLogger('text'),
    logFormat: 'text',
    readCorefile: () => parseCorefile('. {\n  sinkhole ads.example.org {\n    ttl 5\n  }\n  whoami\n}\n', 'Corefile'),
  })
  await server.start()
  try {
    const ask = async (name: string) => readAnswer(await askUdp(queryMessage(name, 'A'), { port: server.zones[0]!.port }))
    const { rcode, authority } = await ask('x.ads.example.org')
    assert.equal(rcode, 'NXDOMAIN')
    assert.deepEqual(authority, ['ads.example.org. 5 IN SOA ads.example.org. ads.example.org. 1 7200 1800 86400 5'])
    assert.equal((await ask('example.org')).rcode, 'NOERROR')
    const counter = [...server.metrics].find(({ name }) => name === 'coredns_sinkhole_requests_total')
    assert.equal((await counter?.samples())?.[0]?.value, 1)
  } finally {
    await server.shutdown()
  }
})
