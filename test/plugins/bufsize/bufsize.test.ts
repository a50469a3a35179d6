import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bufsize } from '#plugins/bufsize/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { startServer } from '#test/support/server.ts'

/** 100 addresses: some 1,600 octets. */
const HOSTS = `  hosts /dev/null {\n${Array.from({ length: 100 }, (_, i) => `    192.0.2.${i + 1} www.example.org`).join('\n')}\n  }`

const cases: readonly (readonly [line: string, udpSize: number | undefined, most: number, truncated: boolean])[] = [
  ['', 4096, 4096, false],
  ['bufsize', 4096, 1232, true],
  ['bufsize 600', 4096, 600, true],
  ['bufsize 4096', 4096, 4096, false],
  ['bufsize 4096', 1000, 1000, true],
  ['bufsize', undefined, 512, true],
]

suite('replies fit the lesser of what the client and the Corefile say', () => {
  for (const [line, udpSize, most, truncated] of cases) {
    test(`${line || 'no bufsize'}, ${udpSize === undefined ? 'no EDNS' : `client takes ${udpSize}`}`, async () => {
      await using server = await startServer(`.:0 {\n  ${line}\n${HOSTS}\n}\n`)
      const { raw, flags } = await server.query('www.example.org', 'A', udpSize === undefined ? {} : { edns: { udpSize } })
      assert.ok(raw.length <= most, `${raw.length} octets`)
      assert.equal(flags.includes('tc'), truncated)
    })
  }
})

test('TCP is left alone', async () => {
  await using server = await startServer(`.:0 {\n  bufsize 512\n${HOSTS}\n}\n`)
  assert.equal((await server.queryTcp('www.example.org', 'A', { edns: { udpSize: 4096 } })).answer.length, 100)
})

test('of several the first counts', () => {
  assert.equal(bufsize.parse(directiveOf('bufsize 600\nbufsize 700')), 600)
})

test('sizes outside 512 to 4096 are refused', () => {
  for (const line of ['bufsize 511', 'bufsize 4097', 'bufsize x', 'bufsize 600 600', 'bufsize {\n a\n}']) {
    refuses(bufsize, line)
  }
})
