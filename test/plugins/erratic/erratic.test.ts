import assert from 'node:assert/strict'
import { test } from 'node:test'
import { erratic } from '#plugins/erratic/index.ts'
import { askTcp, askUdp, TcpClient } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { type Answer, queryMessage, readAnswer, readMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'

const block = (...options: string[]) => (options.length > 0 ? `erratic {\n${options.join('\n')}\n}` : 'erratic')

const NONE = { drop: 0, delay: 0, duration: 100, truncate: 0, large: false }

for (const [lines, options] of [
  [block(), { drop: 2 }],
  [block('drop'), { drop: 2 }],
  [block('drop 3'), { drop: 3 }],
  [block('drop 0'), { drop: 0 }],
  [block('delay'), { delay: 2 }],
  [block('delay 3'), { delay: 3 }],
  [block('delay 3 5ms'), { delay: 3, duration: 5 }],
  [block('delay 0'), { drop: 2 }],
  [block('truncate'), { truncate: 2 }],
  [block('truncate 5'), { truncate: 5 }],
  [block('drop', 'delay'), { drop: 2, delay: 2 }],
  [block('drop 0', 'delay'), { delay: 2 }],
  [block('large'), { drop: 2, large: true }],
  [`${block('delay 3')}\n${block('truncate 5')}`, { delay: 3, truncate: 5 }],
] as const)
  test(`options of ${lines.replaceAll('\n', ' ')}`, () => {
    assert.deepEqual(erratic.parse(directiveOf(lines)), { ...NONE, ...options })
  })

test('what is no option is refused', () => {
  refuses(erratic, 'erratic 2', /expected no more arguments/)
  refuses(erratic, block('drop many'), /AMOUNT must be a whole number between 0 and 2147483647: 'many'/)
  refuses(erratic, block('drop -1'), /AMOUNT/)
  refuses(erratic, block('drop 1 2'), /expected no more arguments/)
  refuses(erratic, block('delay 1 fast'), /DURATION must be a duration/)
  refuses(erratic, block('delay 1 600h'), /DURATION is out of range/)
  refuses(erratic, block('delay 1 5ms 2'), /expected no more arguments/)
  refuses(erratic, block('truncate 4294967296'), /AMOUNT/)
  refuses(erratic, block('large 1'), /expected no more arguments/)
  refuses(erratic, block('trunkate'), /unknown property 'trunkate'.*truncate/)
})

/** What becomes of six queries: `.` an answer, `t` a truncated one, `-` none. The server ends the connection behind the last. */
async function fates({ port }: { port: number }): Promise<string> {
  await using client = new TcpClient({ port })
  client.send(...Array.from({ length: 6 }, (_, id) => queryMessage('www.example.org', 'A', { id })))
  const told = Array.from('------')
  for (let reply = await client.next(); reply; reply = await client.next()) {
    const { id, flags } = readMessage(reply)
    told[id] = flags.includes('tc') ? 't' : '.'
  }
  return told.join('')
}

for (const [lines, ours, theirs = ours] of [
  [block(), '-.-.-.'],
  [block('drop 3'), '-..-..'],
  [block('drop 0'), '......'],
  [block('delay 6 1ms'), '......'],
  [block('truncate 3'), 't..t..', 't...t.'],
  [block('truncate'), 't.t.t.', 'tt..tt'],
  [block('drop', 'truncate 3'), '-.-t-.', 't...t.'],
  [block('drop 2', 'truncate 3'), '-.-t-.', '-.-.-.'],
] as const)
  test(`${lines.replaceAll('\n', ' ')}: ${ours}, and to CoreDNS ${theirs}`, async t => {
    const corefile = `${lines}\ntimeouts {\nmaxtcpqueries 6\n}`
    await using server = await startInProcess(corefile)
    assert.equal(await fates(server), ours)
    if (noCoreDns()) return t.diagnostic('coredns is not on this machine')
    await using other = await CoreDns.start(`. {\n${corefile}\n}\n`)
    assert.equal(await fates(other), theirs)
  })

test('a reply that is delayed comes after those to later queries', async () => {
  await using server = await startInProcess(block('delay 3 200ms'))
  await using client = new TcpClient(server)
  client.send(...[0, 1, 2].map(id => queryMessage('www.example.org', 'A', { id })))
  const ids = [await client.next(), await client.next(), await client.next()].map(reply => readAnswer(reply!).id)
  assert.deepEqual(ids, [1, 2, 0])
})

const message = (query: Buffer, ask: typeof askUdp, target: { port: number }) => ask(query, target).then(readMessage)
const TYPES = ['A', 'AAAA', 'MX', 'ANY', 'AXFR', 'IXFR'] as const

for (const lines of [block('drop 0'), block('drop 0', 'large'), block('truncate 1')])
  test(`${lines.replaceAll('\n', ' ')}: CoreDNS answers the same`, { skip: noCoreDns() ?? false }, async () => {
    await using ours = await startInProcess(lines)
    // There, `truncate` has to have no bit in common with the number of the query.
    await using theirs = await CoreDns.start(`. {\n${lines.replace('truncate 1', 'truncate 1024')}\n}\n`)
    for (const name of ['WWW.example.org', 'a.b.c.example.net'])
      for (const type of TYPES)
        for (const ask of [askUdp, askTcp])
          for (const edns of [undefined, { udpSize: 4096 }]) {
            const query = queryMessage(name, type, edns ? { edns } : {})
            const [our, their] = await Promise.all([ours, theirs].map(server => message(query, ask, server)))
            const told = ({ rcode, flags, question, answer, authority, additional }: Answer) => {
              return { rcode, flags, question, answer, authority, additional }
            }
            assert.deepEqual(told(our!), told(their!), `${name} ${type} ${ask.name}`)
          }
  })

test('a transfer has a SOA at its end, but for one that is cut short', async () => {
  await using server = await startInProcess(block('truncate 2'))
  const types = async () =>
    (await server.queryTcp('example.org', 'AXFR')).answer.map(line => line.split(' ').slice(0, 4).join(' '))
  const records = [
    'example.org. 0 IN SOA',
    'example.org. 0 IN NS',
    'example.org. 0 IN NS',
    'a.example.org. 0 IN AAAA',
    'b.example.org. 0 IN AAAA',
  ]
  assert.deepEqual(await types(), records)
  assert.deepEqual(await types(), [...records, records[0]])
})

test('of the root, too; not of a name that has no room below it', async () => {
  await using server = await startInProcess(block('drop 0'))
  assert.equal((await server.queryTcp('.', 'AXFR')).answer[3], 'a. 0 IN AAAA 2001:bd8::53')
  const label = 'x'.repeat(62)
  for (const [last, rcode] of [
    [62, 'NOERROR'],
    [63, 'SERVFAIL'],
  ] as const) {
    const name = [...Array(3).fill(label), 'y'.repeat(last)].join('.')
    assert.equal((await server.queryTcp(name, 'AXFR')).rcode, rcode, `${name.length}`)
    assert.equal((await server.queryTcp(name, 'A')).rcode, 'NOERROR')
  }
  assert.equal(await server.metric('coredns_panics_total'), 0)
})

test('it is ready with three queries and with four', async () => {
  const port = await freePort()
  await using server = await startInProcess(`ready 127.0.0.1:${port} {\nmonitor continuously\n}\n${block('drop 0')}`)
  const statuses: number[] = []
  for (let queries = 0; queries < 6; queries++) {
    statuses.push((await fetch(`http://127.0.0.1:${port}/ready`)).status)
    await server.query('www.example.org')
  }
  assert.deepEqual(statuses, [503, 503, 503, 200, 200, 503])
})
