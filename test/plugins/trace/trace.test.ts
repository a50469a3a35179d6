import assert from 'node:assert/strict'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { askTcp, askUdp } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { Collector as Tap } from '#test/support/dnstap.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { queryMessage } from '#test/support/message.ts'
import { reply, silence } from '#test/support/scripts.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { Collector } from './collector.ts'

const QUICK = 'zipkin_max_batch_interval 20ms'

interface Asked {
  readonly name: string
  readonly type?: string
  readonly ask?: typeof askUdp
}

const QUERIES: readonly Asked[] = [
  { name: 'WWW.example.org' },
  { name: 'www.example.org', type: 'AAAA' },
  { name: 'other.example.org', type: 'TYPE65280', ask: askTcp },
  { name: '.', type: 'NS' },
]

async function ask({ port }: { port: number }): Promise<void> {
  for (const { name, type = 'A', ask = askUdp } of QUERIES) await ask(queryMessage(name, type), { port })
}

suite('what is told of queries is what CoreDNS tells', { skip: noCoreDns() ?? false }, () => {
  for (const [title, lines] of [
    ['whoami', 'whoami'],
    ['a chain', 'errors\nlog\nloadbalance\nhosts {\n192.0.2.1 www.example.org\nfallthrough\n}\nwhoami'],
    ['asked for AAAA in place of A', 'log\ndns64\ntemplate IN A {\nanswer "{{ .Name }} 60 IN A 192.0.2.1"\n}'],
    ['nobody answers', 'errors\nhosts {\n192.0.2.1 www.example.org\nfallthrough\n}'],
    ['refused', 'acl {\nblock net 127.0.0.0/8\n}\nwhoami'],
    ['dropped, and not', 'template ANY ANY {\nrcode NXDOMAIN\n}'],
  ] as const)
    test(title, async () => {
      const trees: string[][] = []
      for (const start of [startInProcess, (block: string) => CoreDns.start(`. {\n${block}\n}\n`)]) {
        await using collector = await Collector.start()
        await using server = await start(`trace ${collector.to} {\n${QUICK}\nservice DNS\n}\n${lines}`)
        await ask(server)
        trees.push(await collector.trees(QUERIES.length))
        const { method, path, headers } = collector.requests[0]!
        assert.deepEqual([method, path, headers['content-type'], headers.b3], ['POST', '/api/v2/spans', 'application/json', '0'])
      }
      assert.deepEqual(trees[0], trees[1])
    })

  test('forward', async () => {
    await using upstream = await startUpstream(question => reply(question))
    const trees: string[][] = []
    for (const start of [startInProcess, (block: string) => CoreDns.start(`. {\n${block}\n}\n`)]) {
      await using collector = await Collector.start()
      await using server = await start(`trace ${collector.to} {\n${QUICK}\n}\nerrors\ncache\nforward . ${upstream.to}`)
      await ask(server)
      await ask(server)
      trees.push(await collector.trees(2 * QUERIES.length))
    }
    assert.deepEqual(trees[0], trees[1])
    assert.match(trees[0]!.join('\n'), /connect .*"peer\.address":"127\.0\.0\.1:\d+"/)
  })

  test('a name that is rewritten is told as it was asked; there, as it is asked below', async () => {
    const names: string[][] = []
    for (const start of [startInProcess, (block: string) => CoreDns.start(`. {\n${block}\n}\n`)]) {
      await using collector = await Collector.start()
      await using server = await start(
        `trace ${collector.to} {\n${QUICK}\n}\nrewrite name www.example.org other.example.org\nwhoami`,
      )
      await askUdp(queryMessage('www.example.org', 'A'), { port: server.port })
      await collector.has(1)
      names.push(collector.spans.flatMap(({ tags }) => tags?.['coredns.io/name'] ?? []))
    }
    assert.deepEqual(names, [['www.example.org.'], ['other.example.org.']])
  })
})

test('spans lie within those above them, and times are those of the clock', async () => {
  await using upstream = await startUpstream(async question => {
    await sleep(20)
    return reply(question)
  })
  await using collector = await Collector.start()
  await using server = await startInProcess(`trace ${collector.to} {\n${QUICK}\n}\nlog\nforward . ${upstream.to}`)
  const before = Date.now() * 1000
  await server.query('www.example.org')
  const after = Date.now() * 1000 + 1000
  await collector.has(1)
  const { spans } = collector
  assert.deepEqual(
    spans.map(({ name }) => name),
    ['connect', 'forward', 'log', 'servedns'],
  )
  for (const [i, { timestamp, duration, id, parentId, traceId }] of spans.entries()) {
    assert.match(id, /^[0-9a-f]{16}$/)
    assert.ok(timestamp >= before - 2000 && timestamp + duration <= after + 2000, `${timestamp} of ${before}`)
    assert.ok(duration >= 15_000)
    const above = spans[i + 1]
    assert.equal(parentId, above?.id)
    assert.equal(traceId, spans.at(-1)!.id)
    if (above) assert.ok(above.timestamp <= timestamp && above.timestamp + above.duration >= timestamp + duration - 1)
  }
})

test('what the server asks itself is below the plugin that asks', async () => {
  await using collector = await Collector.start()
  const zone = '$ORIGIN alias.test.\n@ 60 IN SOA a b 1 2 3 4 5\n@ 60 IN NS a\nx 60 IN CNAME www.example.org.\n'
  await using folder = await mkdtempDisposable(join(tmpdir(), 'trace-'))
  await writeFile(join(folder.path, 'zone'), zone)
  const traced = `trace ${collector.to} {\n${QUICK}\n}`
  await using server = new InProcessServer(
    `.:0 {\n${traced}\nerrors\nlog\nhosts {\n192.0.2.1 www.example.org\n}\n}\nalias.test:0 {\nroot ${folder.path}\n${traced}\nlog\nfile zone\n}\n`,
  )
  await server.server.start()
  assert.equal((await server.query('x.alias.test')).answer.length, 2)
  await collector.has(1)
  const [tree] = await collector.trees(1)
  assert.deepEqual(tree!.replace(/ \{.*/g, '').split('\n'), [
    'servedns',
    '  log',
    '    file',
    '      errors',
    '        log',
    '          hosts',
  ])
})

test('an upstream that is silent, and one that answers in its place, are below forward', async () => {
  await using silent = await startUpstream(silence)
  await using upstream = await startUpstream(question => reply(question))
  await using collector = await Collector.start()
  await using server = await startInProcess(
    `trace ${collector.to} {\n${QUICK}\n}\nforward . ${silent.to} ${upstream.to} {\npolicy sequential\n}`,
  )
  await server.query('www.example.org')
  await collector.has(1)
  const forward = collector.spans.find(({ name }) => name === 'forward')!
  const connects = collector.spans.filter(({ name }) => name === 'connect')
  assert.deepEqual(new Set(connects.map(({ tags }) => tags!['peer.address'])), new Set([silent.to, upstream.to]))
  for (const { parentId } of connects) assert.equal(parentId, forward.id)
})

test('every: one query of so many, the first of them last; 0 is none', async () => {
  await using collector = await Collector.start()
  await using server = await startInProcess(`trace ${collector.to} {\nevery 3\n${QUICK}\n}\nwhoami`)
  for (let i = 1; i < 8; i++) await server.query(`${i}.example.org`)
  await collector.has(2)
  assert.deepEqual(
    collector.spans.flatMap(({ tags }) => tags?.['coredns.io/name'] ?? []),
    ['3.example.org.', '6.example.org.'],
  )
  await using none = await startInProcess(`trace ${collector.to} {\nevery 0\n${QUICK}\n}\nwhoami`)
  await none.query('www.example.org')
  await none[Symbol.asyncDispose]()
  assert.equal(collector.spans.length, 4)
})

test('metadata has the trace, where there is one', async () => {
  await using collector = await Collector.start()
  await using server = await startInProcess(
    `metadata\ntrace ${collector.to} {\nevery 2\n${QUICK}\n}\nlog . "of {/trace/traceid}"\nwhoami`,
  )
  await server.query('www.example.org')
  await server.query('www.example.org')
  await collector.has(1)
  const lines = [await server.waitForLine(/of -/), await server.waitForLine(/of [0-9a-f]/)]
  assert.deepEqual(lines, ['[INFO] of -', `[INFO] of ${collector.spans[0]!.traceId}`])
})

test('bind tells the address and the port', async () => {
  await using collector = await Collector.start()
  await using server = await startInProcess(`bind 127.0.0.1\ntrace ${collector.to} {\n${QUICK}\n}\nwhoami`)
  await server.query('www.example.org')
  await collector.has(1)
  assert.deepEqual(collector.spans[0]!.localEndpoint, { serviceName: 'coredns', ipv4: '127.0.0.1', port: server.port })
})

test('dnstap and trace both see what forward asks', async () => {
  await using upstream = await startUpstream(question => reply(question))
  await using tap = await Tap.start()
  await using collector = await Collector.start()
  await using server = await startInProcess(
    `trace ${collector.to} {\n${QUICK}\n}\ndnstap tcp://127.0.0.1:${tap.port}\nforward . ${upstream.to}`,
  )
  await server.query('www.example.org')
  await collector.has(1)
  assert.ok(collector.spans.some(({ name }) => name === 'connect'))
  const types = (await tap.received(4)).map(({ type }) => type)
  assert.deepEqual(types, ['CLIENT_QUERY', 'FORWARDER_QUERY', 'FORWARDER_RESPONSE', 'CLIENT_RESPONSE'])
})
