import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { rrl } from '#plugins/rrl/index.ts'
import { toKey } from '#src/dns/name.ts'
import { NO_RECORDS, SectionsBuilder } from '#src/dns/sections.ts'
import { failure, nameError, noData } from '#src/plugin.ts'
import { askTcp, sendUdp } from '#test/support/client.ts'
import { refuses } from '#test/support/directive.ts'
import { type InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { queryMessage, readMessage } from '#test/support/message.ts'
import { startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'

const REQUESTS = 'coredns_rrl_requests_exceeded_total'
const RESPONSES = 'coredns_rrl_responses_exceeded_total'
/** So few that none is earned while a test runs. */
const RARELY = 0.01

type Outcome = 'answered' | 'truncated' | 'silence'

async function outcome(
  { port }: InProcessServer,
  question: string,
  { address = '127.0.0.1', from = '127.0.0.1' } = {},
): Promise<Outcome> {
  const [name = '', type = 'A'] = question.split(' ')
  const raw = await sendUdp(queryMessage(name, type), { port, address, timeout: 150, ...(address === '127.0.0.1' && { from }) })
  if (!raw) return 'silence'
  return readMessage(raw).flags.split(' ').includes('tc') ? 'truncated' : 'answered'
}

async function outcomes(server: InProcessServer, ...questions: string[]): Promise<Outcome[]> {
  const all: Outcome[] = []
  for (const question of questions) all.push(await outcome(server, question))
  return all
}

test('what a client asks too much is dropped before anything answers, over TCP, too, and told', async () => {
  await using server = await startInProcess(`errors\nrrl {\n requests-per-second ${RARELY}\n}\nscript`)
  let asked = 0
  server.script = () => {
    asked++
    return noData()
  }
  assert.deepEqual(await outcomes(server, 'a.org', 'b.org', 'c.org'), ['answered', 'silence', 'silence'])
  await assert.rejects(askTcp(queryMessage('a.org', 'A'), { port: server.port, timeout: 150 }), /neither message nor close/)
  await until(async () => (await server.metric(REQUESTS, { client_ip: '127.0.0.1' })) === 3)
  assert.equal(asked, 1)
  assert.equal(await server.metric(RESPONSES), undefined)
  await server.waitForLine(/plugin\/errors: 0 b\.org\. A: query rate exceeded the limit$/)
})

test('an allowance is earned again', async () => {
  await using server = await startInProcess('rrl {\n requests-per-second 10\n window 0.2\n}\nscript')
  assert.deepEqual(await outcomes(server, ...Array(10).fill('a.org')), Array(10).fill('answered'))
  while ((await outcome(server, 'a.org')) !== 'silence');
  const from = performance.now()
  while ((await outcome(server, 'a.org')) !== 'answered') assert.ok(performance.now() - from < 5000)
})

test('a response that was long in coming is within the limit like others', async () => {
  await using server = await startInProcess('rrl {\n responses-per-second 10\n}\nscript')
  const released = Promise.withResolvers<void>()
  server.script = async () => {
    await released.promise
    return noData()
  }
  const slow = server.query('a.org')
  await sleep(1200)
  server.script = () => noData()
  assert.equal(await outcome(server, 'a.org'), 'answered')
  released.resolve()
  assert.equal((await slow).rcode, 'NOERROR')
})

test('clients are told apart by their prefixes', async () => {
  for (const [options, address, expected] of [
    ['', '127.0.0.2', 'silence'],
    ['', '127.0.1.1', 'answered'],
    ['ipv4-prefix-length 32', '127.0.0.2', 'answered'],
    ['ipv4-prefix-length 8', '127.1.1.1', 'silence'],
    ['ipv4-prefix-length 31', '127.0.0.2', 'answered'],
    ['ipv4-prefix-length 30', '127.0.0.2', 'silence'],
  ] as const) {
    await using server = await startInProcess(`rrl {\n requests-per-second ${RARELY}\n ${options}\n}\nscript`)
    assert.equal(await outcome(server, 'a.org'), 'answered')
    assert.deepEqual([options, address, await outcome(server, 'a.org', { from: address })], [options, address, expected])
    assert.equal(await outcome(server, 'a.org', { address: '::1' }), 'answered')
    assert.equal(await outcome(server, 'a.org', { address: '::1' }), 'silence')
  }
})

test('other zones are not limited', async () => {
  await using server = await startInProcess(`rrl example.org {\n requests-per-second ${RARELY}\n}\nscript`)
  assert.deepEqual(await outcomes(server, 'a.org', 'a.org', 'www.example.org', 'example.org'), [
    'answered',
    'answered',
    'answered',
    'silence',
  ])
})

const zone = { mname: toKey('ns.org'), rname: toKey('root.org'), serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 1 }

/** Answers by the first label. */
const script: InProcessServer['script'] = query => {
  const records = new SectionsBuilder(query.key)
  const [label, , above] = query.name.split('.')
  if (label === 'data') return noData()
  if (label === 'fail') return failure('broken')
  const owner = toKey(`${above}.org`)
  return nameError(label === 'bare' ? NO_RECORDS : records.authority().soa(owner, 1, zone).build())
}

suite('what counts as one response', () => {
  const cases: readonly (readonly [first: string, second: string, second_: Outcome])[] = [
    ['data.a.b.org A', 'data.a.b.org A', 'silence'],
    ['data.a.b.org A', 'data.a.b.org TXT', 'silence'],
    ['data.a.b.org A', 'data.x.b.org A', 'answered'],
    ['data.a.b.org A', 'fail.a.b.org A', 'answered'],
    ['fail.a.b.org A', 'fail.x.y.org TXT', 'silence'],
    ['gone.a.b.org A', 'none.x.b.org TXT', 'silence'],
    ['gone.a.b.org A', 'gone.a.x.org A', 'answered'],
    ['bare.a.b.org A', 'bare.a.x.org A', 'silence'],
  ]
  for (const [first, second, expected] of cases)
    test(`${first}, then ${second}: ${expected}`, async () => {
      await using server = await startInProcess(`errors\nrrl {\n responses-per-second ${RARELY}\n}\nscript`)
      server.script = script
      assert.deepEqual(await outcomes(server, first, second), ['answered', expected])
      if (expected === 'silence') await server.waitForLine(/: response rate exceeded the limit$/)
      assert.equal(await server.metric(RESPONSES), expected === 'silence' ? 1 : undefined)
    })
})

test('answers and referrals count by name and type, wildcards as one with *metadata*', async () => {
  const folder = await mkdtemp('/tmp/rrl-')
  try {
    const soa = '@ 60 IN SOA ns root 1 2 3 4 5'
    await writeFile(
      `${folder}/zone`,
      `${soa}\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\nns 60 IN TXT x\n*.w 60 IN A 192.0.2.2\nsub 60 IN NS ns.sub\nns.sub 60 IN A 192.0.2.3\n`,
    )
    await using server = await startInProcess(
      `rrl {\n responses-per-second ${RARELY}\n}\nmetadata\nfile ${folder}/zone example.org`,
    )
    assert.deepEqual(
      await outcomes(
        server,
        ...['ns.example.org A', 'ns.example.org TXT', 'ns.example.org A', 'a.w.example.org A', 'b.w.example.org A'],
        ...['a.sub.example.org A', 'b.sub.example.org A', 'b.sub.example.org TXT'],
      ),
      ['answered', 'answered', 'silence', 'answered', 'silence', 'answered', 'silence', 'answered'],
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('kinds have limits of their own, 0 for none', async () => {
  const lines = [`responses-per-second ${RARELY}`, 'nodata-per-second 0', 'nxdomains-per-second 2'].join('\n')
  await using server = await startInProcess(`rrl {\n ${lines}\n}\nscript`)
  server.script = script
  assert.deepEqual(await outcomes(server, ...Array(4).fill('data.a.b.org')), Array(4).fill('answered'))
  assert.deepEqual(await outcomes(server, ...Array(3).fill('gone.a.b.org')), ['answered', 'answered', 'silence'])
  assert.deepEqual(await outcomes(server, ...Array(2).fill('fail.a.b.org')), ['answered', 'silence'])
})

test('each Nth that is over slips through, empty and truncated, and TCP is not limited', async () => {
  await using server = await startInProcess(`rrl {\n responses-per-second ${RARELY}\n slip-ratio 2\n}\nwhoami`)
  assert.deepEqual(await outcomes(server, ...Array(5).fill('a.org')), [
    'answered',
    'silence',
    'truncated',
    'silence',
    'truncated',
  ])
  for (let i = 0; i < 3; i++) assert.equal((await server.queryTcp('a.org')).additional.length, 2)
  await sendUdp(queryMessage('a.org', 'A'), { port: server.port, timeout: 100 })
  const slipped = readMessage((await sendUdp(queryMessage('a.org', 'A'), { port: server.port, timeout: 5000 }))!)
  assert.deepEqual([slipped.rcode, slipped.answer, slipped.additional], ['NOERROR', [], []])
})

test('of several threads each allows its share', async () => {
  await using server = await startServer('.:0 {\n multisocket 2\n rrl {\n  requests-per-second 20\n  window 60\n }\n whoami\n}\n')
  const ask = () => sendUdp(queryMessage('a.org', 'A'), { port: server.port, timeout: 1000 })
  const replies = await Promise.all(Array.from({ length: 200 }, ask))
  const answered = replies.filter(reply => reply !== undefined).length
  assert.ok(answered >= 20 && answered < 40, `${answered} are answered`)
})

test('report-only counts, and drops nothing', async () => {
  const lines = `requests-per-second ${RARELY}\n responses-per-second ${RARELY}\n report-only`
  await using server = await startInProcess(`rrl {\n ${lines}\n}\nscript`)
  assert.deepEqual(await outcomes(server, 'a.org', 'a.org', 'a.org'), Array(3).fill('answered'))
  assert.deepEqual([await server.metric(REQUESTS), await server.metric(RESPONSES)], [2, 2])
})

test('what a plugin below drops is no response', async () => {
  await using server = await startInProcess(`rrl {\n responses-per-second ${RARELY}\n}\nscript`)
  server.script = () => Object.assign(noData(), { silent: true })
  assert.deepEqual(await outcomes(server, 'a.org', 'a.org'), ['silence', 'silence'])
  assert.equal(await server.metric(RESPONSES), undefined)
})

test('lookups of the server itself cost nothing', async () => {
  const rule =
    'template IN A a.org {\n answer "{{ .Name }} 60 IN CNAME www.b.org."\n}\ntemplate IN A b.org {\n answer "{{ .Name }} 60 IN A 192.0.2.1"\n}'
  await using server = await startInProcess(`rrl {\n requests-per-second 2\n}\n${rule}`)
  assert.deepEqual(await outcomes(server, 'a.org', 'a.org'), ['answered', 'answered'])
})

test('of many clients the first thousand are told', async () => {
  await using server = await startInProcess(`rrl {\n requests-per-second ${RARELY}\n ipv4-prefix-length 8\n}\nscript`)
  await server.query('a.org')
  const message = queryMessage('a.org', 'A')
  for (let i = 0; i < 1001; i++) await sendUdp(message, { port: server.port, from: `127.1.${i >> 8}.${i & 255}`, timeout: 1 })
  const late = performance.now() + 5000
  while ((await server.metric(REQUESTS, { client_ip: 'other' })) === undefined) {
    assert.ok(performance.now() < late, 'no other client is counted')
    await outcome(server, 'a.org')
  }
})

test('mistakes are named', () => {
  for (const [option, message] of [
    ['requests', /unknown property 'requests'/],
    ['window 0', /window must be greater than zero/],
    ['window five', /SECONDS must be a number: 'five'/],
    ['window 1 2', /expected no more arguments/],
    ['ipv4-prefix-length 33', /LENGTH must be a whole number between 1 and 32: '33'/],
    ['ipv6-prefix-length 0', /LENGTH must be a whole number between 1 and 128: '0'/],
    ['responses-per-second', /expected ALLOWANCE/],
    ['nodata-per-second abc', /ALLOWANCE must be a number: 'abc'/],
    ['nxdomains-per-second -1', /nxdomains-per-second cannot be negative/],
    ['referrals-per-second 1 2', /expected no more arguments/],
    ['slip-ratio 11', /N must be a whole number between 0 and 10: '11'/],
    ['max-table-size -1', /SIZE must be a whole number between 0 and 10000000: '-1'/],
    ['report-only yes', /expected no more arguments/],
  ] as const)
    refuses(rrl, `rrl {\n ${option}\n}`, message)
})
