import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { after, before, suite, test } from 'node:test'
import { type ServerProcess, startServer } from '#test/support/server.ts'

/** An address record behind a pointer takes 16 octets, header and question for big.example.org 33, OPT 11. */
const FITS = { 512: 29, 1232: 74, 4096: 253 }
const COUNT = 300

suite('answers that do not fit', () => {
  let server: ServerProcess

  before(async () => {
    const lines = Array.from({ length: COUNT }, (_, i) => `10.0.${i >> 8}.${i & 255} big.example.org`)
    const exact = lines.slice(0, FITS[512]).map(line => line.replace('big', 'fit'))
    server = await startServer(`.:0 {\n loadbalance\n hosts /dev/null {\n${[...lines, ...exact].join('\n')}\n }\n}\n`)
  })
  after(() => server.stop())

  const sizes: readonly (readonly [name: string, edns: { udpSize: number } | undefined, addresses: number])[] = [
    ['without EDNS: 512 octets', undefined, FITS[512]],
    ['EDNS with less than 512', { udpSize: 10 }, FITS[512]],
    ['EDNS with 512', { udpSize: 512 }, FITS[512]],
    ['EDNS with 1232', { udpSize: 1232 }, FITS[1232]],
    ['EDNS with 4096', { udpSize: 4096 }, FITS[4096]],
    ['EDNS with enough', { udpSize: 5000 }, COUNT],
    ['EDNS with 65535', { udpSize: 65535 }, COUNT],
  ]

  for (const [name, edns, addresses] of sizes) {
    test(`over UDP ${name}`, async () => {
      const { answer, flags, raw, rcode } = await server.query('big.example.org', 'A', edns ? { edns } : {})
      assert.equal(rcode, 'NOERROR')
      assert.equal(answer.length, addresses)
      assert.equal(flags.includes('tc'), addresses < COUNT)
      assert.ok(raw.length <= Math.max(512, edns?.udpSize ?? 0))
    })
  }

  test('over TCP, whole, whatever size EDNS says', async () => {
    for (const options of [{}, { edns: { udpSize: 512 } }]) {
      const { answer, flags } = await server.queryTcp('big.example.org', 'A', options)
      assert.deepEqual([new Set(answer).size, flags], [COUNT, 'qr aa rd'])
    }
  })

  test('what just fits is not cut', async () => {
    const { answer, flags } = await server.query('fit.example.org')
    assert.deepEqual([answer.length, flags], [FITS[512], 'qr aa rd'])
  })

  test('a resolver gets every address: it asks again over TCP by itself', async () => {
    const resolver = new Resolver({ timeout: 2000, tries: 1 })
    resolver.setServers([`127.0.0.1:${server.port}`])
    assert.equal(new Set(await resolver.resolve4('big.example.org')).size, COUNT)
  })

  test('the addresses of cut answers differ from time to time, so that all are reached', async () => {
    const seen = new Set<string>()
    for (let i = 0; i < 200 && seen.size < COUNT; i++) {
      for (const line of (await server.query('big.example.org')).answer) seen.add(line)
    }
    assert.equal(seen.size, COUNT)
  })
})
