import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { OPTION } from '#src/dns/codes.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'

suite('EDNS', () => {
  let server: ServerProcess

  before(async () => {
    server = await startServer('.:0 {\n hosts /dev/null {\n  192.0.2.1 www.example.org\n }\n}\n')
  })
  after(() => server.stop())

  const ask = (edns: Parameters<ServerProcess['query']>[2], ask: 'query' | 'queryTcp' = 'query') =>
    server[ask]('www.example.org', 'A', edns)

  test('no OPT for who sends none, ours for who does, over UDP and TCP', async () => {
    for (const way of ['query', 'queryTcp'] as const) {
      assert.equal((await ask({}, way)).edns, undefined)
      const { edns } = await ask({ edns: true }, way)
      assert.deepEqual(edns, { udpSize: 1232, version: 0, dnssecOk: false, flags: 0, options: new Map() })
    }
  })

  for (const length of [513, 1232, 4096]) {
    test(`a query of ${length} octets is taken over UDP`, async () => {
      const head = 12 + 17 + 4 + 11 + 4
      const { rcode, answer, edns } = await ask({ edns: { options: [[OPTION.PADDING, Buffer.alloc(length - head)]] } })
      assert.deepEqual([rcode, answer.length, edns?.options.size], ['NOERROR', 1, 0])
    })
  }

  test('a query of 65,535 octets is taken over TCP', async () => {
    const head = 12 + 17 + 4 + 11 + 4
    const { rcode, answer } = await ask({ edns: { options: [[OPTION.PADDING, Buffer.alloc(65535 - head)]] } }, 'queryTcp')
    assert.deepEqual([rcode, answer.length], ['NOERROR', 1])
  })

  test('DO comes back, other flags do not', async () => {
    const { edns } = await ask({ edns: { flags: 0xffff } })
    assert.deepEqual([edns?.dnssecOk, edns?.flags], [true, 0x8000])
  })

  test('another version than 0 is BADVERS, without an answer', async () => {
    const { rcode, answer, edns, question } = await ask({ edns: { version: 1 } })
    assert.deepEqual([rcode, answer, edns?.version, question], ['BADVERS', [], 0, 'www.example.org. IN A'])
  })

  test('a cookie is completed, and stays the same from query to query', async () => {
    const cookie = Buffer.from('abcdefgh')
    const complete = async (data: Buffer) =>
      (await ask({ edns: { options: [[OPTION.COOKIE, data]] } })).edns?.options.get(OPTION.COOKIE)
    const first = await complete(cookie)
    assert.deepEqual([first?.length, first?.subarray(0, 8)], [16, cookie])
    assert.deepEqual(await complete(first!), first)
    assert.notDeepEqual(await complete(Buffer.from('12345678')), first)
  })
})
