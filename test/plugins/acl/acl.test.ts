import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { acl } from '#plugins/acl/index.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { answer, failure } from '#src/plugin.ts'
import { askTcp, sendUdp } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { refuses } from '#test/support/directive.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { queryMessage, readMessage } from '#test/support/message.ts'

const EDE = 15

type Outcome = 'answered' | 'REFUSED 15' | 'NOERROR 17' | 'silence'

/** Lines of `acl`, with their zones in front, and what becomes of queries of clients at 127.0.0.1. */
const cases: readonly (readonly [lines: readonly string[], outcomes: Readonly<Record<string, Outcome>>])[] = [
  [['block'], { 'a.org A': 'REFUSED 15', '. ANY': 'REFUSED 15' }],
  [['filter type A AAAA'], { 'a.org A': 'NOERROR 17', 'a.org AAAA': 'NOERROR 17', 'a.org TXT': 'answered' }],
  [['filter type MAILB LP NSAP-PTR'], { 'a.org TYPE253': 'NOERROR 17', 'a.org TYPE107': 'NOERROR 17', 'a.org TYPE23': 'NOERROR 17' }],
  [['BLOCK Type A NET *'], { 'a.org A': 'REFUSED 15', 'a.org MX': 'answered' }],
  [['drop type ANY'], { 'a.org ANY': 'silence', 'a.org A': 'answered' }],
  [['allow net 127.0.0.0/8', 'block'], { 'a.org A': 'answered' }],
  [['allow net 127.0.0.2', 'block'], { 'a.org A': 'REFUSED 15' }],
  [['block net 127.0.0.1'], { 'a.org A': 'REFUSED 15' }],
  [['block net 10.0.0.0/8 ::/0'], { 'a.org A': 'answered' }],
  [['block type A type TXT net 10.0.0.0/8 *'], { 'a.org A': 'REFUSED 15', 'a.org TXT': 'REFUSED 15', 'a.org MX': 'answered' }],
  [['block net 127.0.0.1 type *'], { 'a.org A': 'REFUSED 15' }],
  [['example.org: block', 'www.example.org: filter'], { 'www.example.org A': 'REFUSED 15', 'example.net A': 'answered' }],
  [['www.example.org: allow', 'example.org: block'], { 'www.example.org A': 'answered', 'x.example.org A': 'REFUSED 15' }],
  [['example.org: block type MX', '.: filter'], { 'example.org A': 'NOERROR 17', 'example.org MX': 'REFUSED 15' }],
] // biome-ignore format: a table

const corefile = (lines: readonly string[]) =>
  lines.every(line => !line.includes(': '))
    ? `acl {\n${lines.join('\n')}\n}\n`
    : lines.map(line => `acl ${line.replace(': ', ' {\n')}\n}\n`).join('')

async function outcome(port: number, question: string): Promise<Outcome> {
  const [name = '', type = ''] = question.split(' ')
  const raw = await sendUdp(queryMessage(name, type, { edns: true }), { port, timeout: 200 })
  if (!raw) return 'silence'
  const { rcode, edns } = readMessage(raw)
  const code = edns?.options.get(EDE)?.readUInt16BE(0)
  return code === undefined ? 'answered' : (`${rcode} ${code}` as Outcome)
}

suite('what becomes of queries', () => {
  for (const [lines, outcomes] of cases) {
    test(lines.join('; '), async () => {
      await using server = await startInProcess(`${corefile(lines)}script`)
      for (const [question, expected] of Object.entries(outcomes))
        assert.deepEqual([question, await outcome(server.port, question)], [question, expected])
    })
  }
})

test('CoreDNS does the same', { skip: noCoreDns() ?? false }, async () => {
  for (const [lines, outcomes] of cases) {
    await using theirs = await CoreDns.start(`. {\n${corefile(lines)}whoami\n}\n`)
    for (const [question, expected] of Object.entries(outcomes))
      assert.deepEqual([lines, question, await outcome(theirs.port, question)], [lines, question, expected])
  }
})

test('a client of the other family is another', async () => {
  await using server = await startInProcess('acl {\n allow net ::1\n block\n}\nscript')
  const ask = async (address: string) => readMessage((await sendUdp(queryMessage('a.org', 'A'), { port: server.port, address }))!)
  assert.deepEqual([(await ask('::1')).rcode, (await ask('127.0.0.1')).rcode], ['NOERROR', 'REFUSED'])
})

test('over TCP, what is dropped holds up nothing', async () => {
  await using server = await startInProcess('acl {\n drop type MX\n}\nscript')
  await assert.rejects(askTcp(queryMessage('a.org', 'MX'), { port: server.port, timeout: 200 }), /neither message nor close/)
  assert.equal((await server.queryTcp('a.org')).rcode, 'NOERROR')
})

test('what is dropped later, since a plugin above waits, hears nothing either', async () => {
  for (const ask of [sendUdp, (...call: Parameters<typeof sendUdp>) => askTcp(...call).catch(() => undefined)]) {
    await using server = await startInProcess('cancel\nscript')
    server.script = async () => Object.assign(answer(NO_RECORDS), { silent: true })
    assert.equal(await ask(queryMessage('a.org', 'A'), { port: server.port, timeout: 200 }), undefined)
    server.script = async () => failure('late')
    assert.equal((await server.query('a.org')).rcode, 'SERVFAIL')
  }
})

test('queries are counted by what became of them', async () => {
  await using server = await startInProcess('acl example.org {\n block type A\n filter type MX\n drop type TXT\n}\nscript')
  for (const type of ['A', 'MX', 'AAAA', 'NS']) await server.query('www.example.org', type)
  await sendUdp(queryMessage('www.example.org', 'TXT'), { port: server.port, timeout: 100 })
  const count = (what: string, labels = {}) => server.metric(`coredns_acl_${what}_requests_total`, labels)
  const server_ = `dns://:${server.port}`
  const at = { server: server_, zone: 'example.org.', view: '' }
  assert.deepEqual(
    await Promise.all([count('blocked', at), count('filtered', at), count('dropped', at), count('allowed', { server: server_ })]),
    [1, 1, 1, 2],
  )
})

test('mistakes are named', () => {
  for (const [lines, message] of [
    ['acl {\n deny\n}', /unknown property 'deny'/],
    ['acl {\n block A\n}', /section must be one of type, net: 'A'/],
    ['acl {\n block type\n}', /expected QTYPE/],
    ['acl {\n block type a\n}', /no record type: 'a' .*did you mean 'A'/],
    ['acl {\n block type toString\n}', /no record type: 'toString'/],
    ['acl {\n block net\n}', /expected SOURCE/],
    ['acl {\n block net 10.0.0.0/33\n}', /neither an address nor a CIDR: '10\.0\.0\.0\/33'/],
    ['acl {\n block net localhost\n}', /neither an address nor a CIDR: 'localhost'/],
  ] as const)
    refuses(acl, lines, message)
})
