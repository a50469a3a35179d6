/** What CoreDNS tells and what this server tells are equal but for what the README says; and the tool of dnstap.info reads it. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { suite, test } from 'node:test'
import { askTcp, askUdp } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { Collector, Sink, socketPath, type Tapped } from '#test/support/dnstap.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { silence, zone } from '#test/support/scripts.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { until } from '#test/support/waiting.ts'

const example = zone('web.example.org. 300 IN A 192.0.2.1', 'web.example.org. 300 IN AAAA 2001:db8::1')

/** What a message says, ports and times as relations, and DNS messages as far as both servers write them alike. */
function shape(tapped: Tapped) {
  const { queryPort, responsePort, queryTime, responseTime, queryMessage: query, responseMessage: response, ...rest } = tapped
  const reply = response && readAnswer(response)
  return {
    ...rest,
    hasQueryPort: queryPort !== undefined && queryPort > 0,
    responsePort,
    hasResponseTime: responseTime !== undefined && responseTime >= queryTime!,
    question: query?.subarray(12, query.indexOf(0, 12) + 5).toString('latin1'),
    reply: reply && { ...reply, raw: undefined, id: undefined, edns: undefined },
  }
}

const byType = (messages: readonly Tapped[]) =>
  messages
    .map(shape)
    .sort((one, other) => JSON.stringify([one.type, one.question]).localeCompare(JSON.stringify([other.type, other.question])))

interface Asked {
  readonly name: string
  readonly type?: string
  readonly over?: 'tcp'
  readonly rcode?: string
}

/** Each query once, even where the reply takes long. */
const forward = (to: string, more = '') => `forward . ${to} {\n max_connect_attempts 1\n${more}}`

const cases: readonly (readonly [name: string, lines: (upstream: string) => string, block: string, ...questions: Asked[]])[] = [
  ['from memory', () => 'hosts {\n 192.0.2.1 web.example.org\n}', '', { name: 'web.example.org' }, { name: 'Web.Example.ORG', type: 'AAAA' }, { name: 'web.example.org', over: 'tcp' }],
  ['identity, version, extra', () => 'metadata\nhosts {\n 192.0.2.1 web.example.org\n}', 'identity NAME\nversion VER\nextra "{name} {type} {class} {proto} {remote} {>opcode} {>do} {rcode} {rsize} {duration} {>rflags} {/a/b} {none}"', { name: 'web.example.org' }, { name: 'web.example.org', over: 'tcp', type: 'MX' }],
  ['refused', () => 'acl {\n block\n}\nwhoami', '', { name: 'web.example.org' }],
  ['forwarded', to => forward(to), '', { name: 'web.example.org' }, { name: 'none.example.org' }, { name: 'web.example.org', type: 'AAAA', over: 'tcp' }],
  ['forwarded over TCP', to => forward(to, ' force_tcp\n'), '', { name: 'web.example.org' }],
  ['forwarded, with metadata', to => `metadata\n${forward(to)}`, 'extra "{/forward/upstream}"', { name: 'web.example.org' }],
  ['cached', to => `cache\n${forward(to)}`, '', { name: 'web.example.org' }, { name: 'web.example.org' }],
  ['rewritten', to => `rewrite name exact old.example.org web.example.org\n${forward(to)}`, '', { name: 'old.example.org' }],
] // biome-ignore format: a table

// It tells once a second.
suite('as CoreDNS', { skip: noCoreDns() ?? false, concurrency: 6 }, () => {
  for (const full of ['', 'full'])
    for (const [name, lines, block, ...questions] of cases)
      test(`${name} ${full}`, async () => {
        await using upstream = await startUpstream(example)
        await using theirs = await Collector.start()
        await using ours = await Collector.start()
        const common = block.includes('identity') ? block : `identity NAME\nversion VER\n${block}`
        const text = ({ port }: Collector) => `dnstap tcp://127.0.0.1:${port} ${full} {\n${common}\n}\n${lines(upstream.to)}`
        await using coredns = await CoreDns.start(`. {\n${text(theirs)}\n}\n`)
        await using server = await startInProcess(text(ours))
        await until(() => theirs.started === 1 && ours.started === 1)
        for (const { name: asked, type = 'A', over } of questions) {
          const ask = over === 'tcp' ? askTcp : askUdp
          const message = queryMessage(asked, type, { edns: { udpSize: 1232 } })
          await Promise.all([coredns, server].map(({ port }) => ask(message, { port })))
        }
        const isLast = ({ type }: Tapped) => type === 'CLIENT_RESPONSE'
        await Promise.all([theirs.received(questions.length, isLast), ours.received(questions.length, isLast)])
        await until(() => theirs.messages.length === ours.messages.length)
        assert.deepEqual(byType(ours.messages), byType(theirs.messages))
      })

  test('a query that nobody answers', async () => {
    await using mute = await startUpstream(silence)
    await using theirs = await Collector.start()
    await using ours = await Collector.start()
    const text = ({ port }: Collector) =>
      `dnstap tcp://127.0.0.1:${port} full {\n identity NAME\n version VER\n}\nforward . ${mute.to} {\n max_connect_attempts 1\n max_fails 0\n read_timeout 300ms\n}`
    await using coredns = await CoreDns.start(`. {\n${text(theirs)}\n}\n`)
    await using server = await startInProcess(text(ours))
    await until(() => theirs.started === 1 && ours.started === 1)
    const message = queryMessage('web.example.org', 'A')
    const rcodes = await Promise.all([coredns, server].map(async ({ port }) => readAnswer(await askUdp(message, { port })).rcode))
    assert.deepEqual(rcodes, ['SERVFAIL', 'SERVFAIL'])
    await Promise.all([theirs.received(3), ours.received(3)])
    assert.deepEqual(byType(ours.messages), byType(theirs.messages))
  })

  test('what sinks are sent', async () => {
    const [theirs, ours] = [await freePort(), await freePort()]
    const text = (port: number) =>
      `dnstap listen tcp://127.0.0.1:${port} full {\n identity NAME\n version VER\n}\nhosts {\n 192.0.2.1 web.example.org\n}`
    await using coredns = await CoreDns.start(`. {\n${text(theirs)}\n}\n`)
    await using server = await startInProcess(text(ours))
    using theirSink = Sink.connect({ port: theirs })
    using ourSink = Sink.connect({ port: ours })
    await until(() => theirSink.started === 1 && ourSink.started === 1)
    // CoreDNS has the sink among its own a moment after START.
    const message = queryMessage('web.example.org', 'A')
    await until(async () => {
      await askUdp(message, coredns)
      return theirSink.messages.length > 0
    })
    await askUdp(message, server)
    const response = ({ type }: Tapped) => type === 'CLIENT_RESPONSE'
    const [their] = await theirSink.received(1, response)
    const [our] = await ourSink.received(1, response)
    assert.deepEqual(shape(our!), shape(their!))
  })
})

function noTool(): string | undefined {
  try {
    execFileSync('dnstap', ['-h'], { stdio: 'ignore' })
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'dnstap is not on this machine' : undefined
  }
}

test('the tool of dnstap.info reads it', { skip: noTool() ?? false }, async () => {
  await using socket = await socketPath()
  const tool = spawn('dnstap', ['-u', socket.path, '-q', '-w', '-'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const lines: string[] = []
  const ended = once(tool, 'exit')
  createInterface(tool.stdout).on('line', line => lines.push(line))
  try {
    await until(() => existsSync(socket.path))
    await using upstream = await startUpstream(example)
    await using server = await startInProcess(`dnstap ${socket.path} full\nforward . ${upstream.to}`)
    await server.query('web.example.org')
    await server.queryTcp('web.example.org', 'AAAA')
    await until(() => lines.length >= 8)
    const kinds = [/^\S+ (CQ|CR) 127\.0\.0\.1 (UDP|TCP) \d+b "web\.example\.org\." IN A/, /^\S+ (FQ|FR) 127/]
    for (const kind of kinds) assert.equal(lines.filter(line => kind.test(line)).length, 4, lines.join('\n'))
  } finally {
    tool.kill()
    await ended
  }
})
