import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { header } from '#plugins/header/index.ts'
import { FLAG } from '#src/dns/codes.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { answer } from '#src/plugin.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { refuses } from '#test/support/directive.ts'
import { startInProcess } from '#test/support/in-process.ts'

const block = (...lines: readonly string[]) => `header {\n${lines.join('\n')}\n}`

/** What the client sends and gets, when it is answered with AA and RD as it came. */
const responses: readonly (readonly [lines: readonly string[], sent: number, flags: string])[] = [
  [['response set ra'], FLAG.RD, 'qr aa rd ra'],
  [['response set ra', 'response clear aa'], FLAG.RD, 'qr rd ra'],
  [['response clear aa ra rd'], FLAG.RD, 'qr'],
  [['response set rd'], 0, 'qr aa rd'],
  [['response set ra', 'response clear ra'], 0, 'qr aa'],
  [['response clear ra', 'response set ra'], 0, 'qr aa ra'],
  [['query set rd'], 0, 'qr aa rd'],
  [['query clear rd'], FLAG.RD, 'qr aa'],
  [['Response SET RA'], FLAG.RD, 'qr aa rd ra'],
] // biome-ignore format: a table

suite('flags of replies', () => {
  for (const [lines, flags, expected] of responses) {
    test(`${lines.join('; ')}, ${flags ? 'RD' : 'no RD'}`, async () => {
      await using server = await startInProcess(`${block(...lines)}\nscript`)
      assert.equal((await server.query('example.org', 'A', { flags })).flags, expected)
      server.script = async () => answer(NO_RECORDS)
      assert.equal((await server.query('example.org', 'A', { flags })).flags, expected, 'of one that is waited for')
    })
  }
})

test('plugins below see the flags of queries', async () => {
  await using server = await startInProcess(`${block('query set rd')}\nscript`)
  const seen: number[] = []
  server.script = query => {
    seen.push(query.flags & FLAG.RD)
    return answer(NO_RECORDS)
  }
  await server.query('example.org', 'A', { flags: 0 })
  assert.deepEqual(seen, [FLAG.RD])
})

test('CoreDNS sends the same', { skip: noCoreDns() ?? false }, async () => {
  for (const [lines] of responses) {
    await using theirs = await CoreDns.start(`. {\n${block(...lines)}\nwhoami\n}\n`)
    await using ours = await startInProcess(`${block(...lines)}\nwhoami`)
    assert.equal((await ours.query('example.org')).flags, (await theirs.query('example.org')).flags, lines.join('; '))
  }
})

test('mistakes are named', () => {
  for (const [lines, message] of [
    ['header', /no flag is set or cleared/],
    ['header x', /'x'/],
    ['header {\n}', /no flag is set or cleared/],
    [block('replies set aa'), /unknown property 'replies'/],
    [block('response sets aa'), /action must be one of set, clear: 'sets' .*did you mean 'set'/],
    [block('response set'), /expected flag/],
    [block('response set tc'), /flag must be one of aa, ra, rd: 'tc'/],
  ] as const)
    refuses(header, lines, message)
})
