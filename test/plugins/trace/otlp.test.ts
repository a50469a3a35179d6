import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { otlp } from '#plugins/trace/otlp.ts'
import { Reporter } from '#plugins/trace/reporter.ts'
import { readTraceparent } from '#plugins/trace/traceparent.ts'
import { createLogger } from '#src/log.ts'
import { Metrics } from '#src/metrics.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { queryMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { reply } from '#test/support/scripts.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { until } from '#test/support/waiting.ts'
import { startOtlpCollector } from './otlp.ts'

const QUICK = 'zipkin_max_batch_interval 20ms'
const [TRACE, SPAN] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7']

test('a collector of OpenTelemetry is told of queries in OTLP', async () => {
  await using upstream = await startUpstream(question => reply(question))
  await using collector = await startOtlpCollector()
  await using server = await startInProcess(
    `bind 127.0.0.1\ntrace otlp ${collector.to} {\n${QUICK}\nservice Mesh-DNS\n}\nlog\nforward . ${upstream.to}`,
  )
  const before = Date.now() * 1000
  await server.query('www.example.org', 'AAAA')
  await collector.has(1)
  const [{ method, path, headers } = assert.fail()] = collector.requests
  assert.deepEqual([method, path, headers['content-type']], ['POST', '/v1/traces', 'application/json'])
  const { spans } = collector
  assert.deepEqual(
    spans.map(({ name, kind, localEndpoint, tags }) => ({ name, kind, ...localEndpoint, tags })),
    [
      { name: 'connect', kind: 'CLIENT', serviceName: 'Mesh-DNS', tags: { 'peer.address': upstream.to } },
      { name: 'forward', kind: undefined, serviceName: 'Mesh-DNS', tags: {} },
      { name: 'log', kind: undefined, serviceName: 'Mesh-DNS', tags: {} },
      {
        name: 'servedns',
        kind: 'SERVER',
        serviceName: 'Mesh-DNS',
        tags: {
          'coredns.io/name': 'www.example.org.',
          'coredns.io/proto': 'udp',
          'coredns.io/rcode': 'NOERROR',
          'coredns.io/remote': '127.0.0.1',
          'coredns.io/type': 'AAAA',
          'server.address': '127.0.0.1',
          'server.port': String(server.port),
        },
      },
    ],
  )
  for (const [i, { timestamp, parentId, traceId }] of spans.entries()) {
    assert.equal(parentId, spans[i + 1]?.id)
    assert.equal(traceId, spans[0]!.traceId)
    assert.ok(timestamp >= before - 2000 && timestamp <= Date.now() * 1000 + 2000)
  }
})

test('what went wrong is the status of the span', async () => {
  await using collector = await startOtlpCollector()
  await using server = await startInProcess(`trace otlp ${collector.to} {\n${QUICK}\n}\nforward . 127.0.0.1:1`)
  await server.query('www.example.org')
  await collector.has(1)
  const { annotations, tags } = collector.spans.at(-1)!
  assert.match(annotations![0]!.value, /connection refused/)
  assert.equal(tags!.error, undefined)
})

test('a collector that has no time is sent the same spans again; one that takes none of them is not', async () => {
  await using collector = await startOtlpCollector()
  await using server = await startInProcess(`trace otlp ${collector.to} {\n${QUICK}\n}\nwhoami`)
  const names = () => collector.requests.map(({ spans }) => spans.at(-1)?.tags?.['coredns.io/name'])
  for (const [i, status] of [429, 502, 503, 504].entries()) {
    collector.status = status
    const count = collector.requests.length
    await server.query(`${i}.example.org`)
    await collector.has(count + 1, 'requests')
    await server.waitForLine(new RegExp(`failed the request with status code ${status}`))
    collector.status = 200
    await collector.has(collector.requests.length + 1, 'requests')
    assert.equal(names().at(-1), `${i}.example.org.`)
    assert.equal(names().at(-2), `${i}.example.org.`)
  }
  for (const status of [400, 500]) {
    collector.status = status
    const count = collector.requests.length
    await server.query(`${status}.example.org`)
    await server.waitForLine(new RegExp(`failed the request with status code ${status}`))
    collector.status = 200
    await server.query('next.example.org')
    await collector.has(count + 2, 'requests')
    assert.deepEqual(names().slice(count), [`${status}.example.org.`, 'next.example.org.'])
  }
})

test('what a collector rejects is counted, told, and not sent again', async () => {
  await using collector = await startOtlpCollector()
  collector.status = 200
  collector.body = '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}'
  await using server = await startInProcess(`trace otlp ${collector.to} {\n${QUICK}\n}\nwhoami`)
  await server.query('one.example.org')
  await server.waitForLine(/\[WARNING\] plugin\/trace: the collector has rejected 1 spans: too old$/)
  assert.equal(await server.metric('coredns_trace_dropped_spans_total'), 1)
  collector.body = '{"partialSuccess":{"errorMessage":"please use gRPC"}}'
  await server.query('two.example.org')
  await server.waitForLine(/\[WARNING\] plugin\/trace: the collector has taken the spans, but says: please use gRPC$/)
  const { length } = collector.requests
  assert.deepEqual(
    collector.spans.flatMap(({ tags }) => tags?.['coredns.io/name'] ?? []),
    ['one.example.org.', 'two.example.org.'],
  )
  for (const body of ['{"partialSuccess":{}}', '{}', 'null', '', 'x'.repeat(100_000)]) {
    collector.body = body
    await server.query('more.example.org')
    await collector.has(collector.requests.length + 1, 'requests')
  }
  assert.equal(collector.requests.length, length + 5)
  assert.equal(server.lines.filter(line => line.includes('WARNING')).length, 2)
})

test('a collector that asks to be left alone is, for a minute at most', async t => {
  await using collector = await startOtlpCollector()
  collector.read = () => []
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-01-01T00:00:00Z') })
  const lines: string[] = []
  const log = createLogger('text', 'info', { write: line => lines.push(line) })
  const limits = { backlog: 10, batch: 1, interval: 1000 }
  const reporter = new Reporter(`http://${collector.to}/v1/traces`, otlp, limits, log, new Metrics())
  t.after(() => reporter.end())
  const span = { timestamp: 1e15, duration: 1, traceId: TRACE, id: SPAN, parentId: undefined, debug: undefined, name: 'servedns' }
  reporter.add(span, { serviceName: 'coredns' })
  for (const [retryAfter, seconds] of [
    ['30', 30],
    ['Thu, 01 Jan 2026 00:00:40 GMT', 10],
    ['3600', 60],
    ['soon', 1],
  ] as const) {
    collector.status = 503
    collector.headers = { 'retry-after': retryAfter }
    const told = lines.length
    await until(
      () => lines.length > told,
      () => setImmediate(),
    )
    const { length } = collector.requests
    // Whoever does not wait has asked again before others have.
    t.mock.timers.tick(1000 * seconds - 1)
    for (let i = 0; i < 2; i++) await fetch(`http://${collector.to}/`, { method: 'HEAD' })
    assert.equal(collector.requests.length, length + 2, retryAfter)
    t.mock.timers.tick(1)
  }
  collector.status = 200
})

const parents: readonly (readonly [header: unknown, isSampled: boolean | undefined])[] = [
  [`00-${TRACE}-${SPAN}-01`, true],
  [`00-${TRACE}-${SPAN}-03`, true],
  [`00-${TRACE}-${SPAN}-00`, false],
  [`cc-${TRACE}-${SPAN}-01-what-is-more`, true],
  [`00-${TRACE}-${SPAN}-01-what-is-more`, undefined],
  [`cc-${TRACE}-${SPAN}-01.`, undefined],
  [`ff-${TRACE}-${SPAN}-01`, undefined],
  [`00-${TRACE.toUpperCase()}-${SPAN}-01`, undefined],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, undefined],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
  [`00-${TRACE}-${SPAN}`, undefined],
  [[`00-${TRACE}-${SPAN}-01`], undefined],
  [undefined, undefined],
] // biome-ignore format: a table

test('what traceparent says', () => {
  for (const [header, isSampled] of parents) {
    const context = { traceId: TRACE, id: SPAN, parentId: undefined, isSampled, isDebug: false }
    assert.deepEqual(readTraceparent(header), isSampled === undefined ? undefined : context, String(header))
  }
})

test('queries over HTTPS are part of the trace that their requests are part of, by traceparent or B3', async () => {
  await using collector = await startOtlpCollector()
  const port = await freePort()
  await using server = new InProcessServer(
    `https://.:${port} {\nmetadata\nlog . "of {/trace/traceid}"\ntrace otlp ${collector.to} {\n${QUICK}\n}\nwhoami\n}\n`,
  )
  await server.server.start()
  const ask = async (name: string, headers: Record<string, string>) => {
    const dns = queryMessage(name, 'A').toString('base64url')
    await (await fetch(`http://127.0.0.1:${port}/dns-query?dns=${dns}`, { headers })).arrayBuffer()
  }
  await ask('unwanted.example.org', { traceparent: `00-${TRACE}-${SPAN}-00` })
  await ask('whole.example.org', { traceparent: `00-${TRACE}-${SPAN}-01` })
  await ask('short.example.org', { b3: `${SPAN}-${SPAN}-1` })
  await ask('new.example.org', {})
  await collector.has(3)
  const traces = collector.spans
    .filter(({ kind }) => kind === 'SERVER')
    .map(({ tags, traceId, parentId }) => [tags!['coredns.io/name'], traceId, parentId])
  const made = traces.at(-1)![1]!
  assert.deepEqual(traces, [
    ['whole.example.org.', TRACE, SPAN],
    ['short.example.org.', SPAN.padStart(32, '0'), SPAN],
    ['new.example.org.', made, undefined],
  ])
  // As those of OpenTelemetry: by chance from end to end.
  assert.doesNotMatch(made, /^0{16}/)
  await server.waitForLine(new RegExp(`of ${made}$`))
})
