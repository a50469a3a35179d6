import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trace } from '#plugins/trace/index.ts'
import { otlp } from '#plugins/trace/otlp.ts'
import { zipkin } from '#plugins/trace/zipkin.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { startInProcess } from '#test/support/in-process.ts'

const NONE = {
  protocol: zipkin,
  url: 'http://localhost:9411/api/v2/spans',
  every: 1,
  service: 'coredns',
  isShared: false,
  reporting: { backlog: 1000, batch: 100, interval: 1000 },
}
const block = (...options: string[]) => `trace {\n${options.join('\n')}\n}`

for (const [lines, options] of [
  ['trace', {}],
  ['trace tracing.example.org', { url: 'http://tracing.example.org/api/v2/spans' }],
  ['trace zipkin 192.0.2.1:9412', { url: 'http://192.0.2.1:9412/api/v2/spans' }],
  ['trace ZipKin https://example.org/spans', { url: 'https://example.org/spans' }],
  ['trace HTTP://example.org/spans', { url: 'HTTP://example.org/spans' }],
  ['trace zipkin', { url: 'http://zipkin/api/v2/spans' }],
  ['trace [2001:db8::1]:9411', { url: 'http://[2001:db8::1]:9411/api/v2/spans' }],
  ['trace otlp 192.0.2.1:4318', { protocol: otlp, url: 'http://192.0.2.1:4318/v1/traces' }],
  ['trace OTLP https://example.org/traces', { protocol: otlp, url: 'https://example.org/traces' }],
  [
    'trace otlp example.org {\nservice Mesh\nclient_server\n}',
    { protocol: otlp, url: 'http://example.org/v1/traces', service: 'Mesh' },
  ],
  ['trace {\nservice Mesh\n}', { service: 'mesh' }],
  [block('every 100'), { every: 100 }],
  [block('every 0'), { every: 0 }],
  [block('service dnsproxy'), { service: 'dnsproxy' }],
  [block('client_server'), { isShared: true }],
  [block('client_server T'), { isShared: true }],
  [block('client_server false'), {}],
  [block('zipkin_max_backlog_size 7'), { reporting: { ...NONE.reporting, backlog: 7 } }],
  [block('zipkin_max_batch_size 7', 'zipkin_max_batch_interval 7ms'), { reporting: { backlog: 1000, batch: 7, interval: 7 } }],
  [block('zipkin_max_backlog_size 0', 'zipkin_max_batch_size 0', 'zipkin_max_batch_interval 0s'), {}],
  [`${block('every 3')}\ntrace example.org`, { every: 3, url: 'http://example.org/api/v2/spans' }],
] as const)
  test(`options of ${lines.replaceAll('\n', ' ')}`, () => {
    assert.deepEqual(trace.parse(directiveOf(lines)), { ...NONE, ...options })
  })

test('what is no option is refused', () => {
  refuses(trace, 'trace datadog 127.0.0.1:8126', /datadog is not supported: name a collector of zipkin or otlp/)
  refuses(trace, 'trace jaeger 127.0.0.1', /tracing endpoint type 'jaeger' is not supported/)
  refuses(trace, 'trace otpl 127.0.0.1', /'otpl' is not supported.*did you mean 'otlp'/)
  refuses(trace, 'trace otlp', /otlp must be followed by an ENDPOINT/)
  refuses(trace, 'trace zipkin 127.0.0.1 2', /expected no more arguments/)
  refuses(trace, 'trace http://', /ENDPOINT must be HOST:PORT, or a URL: 'http:\/\/'/)
  refuses(trace, 'trace 127.0.0.1:port', /ENDPOINT must be/)
  refuses(trace, block('every'), /expected AMOUNT/)
  refuses(trace, block('every -1'), /AMOUNT must be a whole number of at least 0/)
  refuses(trace, block('service'), /expected NAME/)
  refuses(trace, block('client_server maybe'), /client_server must be one of/)
  refuses(trace, block('client_server true false'), /expected no more arguments/)
  refuses(trace, block('zipkin_max_backlog_size many'), /SIZE must be a whole number between 0 and 1000000/)
  refuses(trace, block('zipkin_max_batch_size 1000001'), /SIZE/)
  refuses(trace, block('zipkin_max_batch_interval 5'), /DURATION must be a duration/)
  refuses(trace, block('zipkin_max_batch_interval 2h'), /DURATION is out of range/)
  refuses(trace, block('zipkin_max_batches 5'), /unknown property/)
})

test('client_server is accepted with otlp, and warned of', async () => {
  await using server = await startInProcess('trace otlp 127.0.0.1:1 {\nclient_server\n}\nwhoami')
  assert.match(await server.waitForLine(/client_server/), /WARNING.*plugin\/trace: client_server has no effect/)
})

test('datadog_analytics_rate is accepted, and warned of', async () => {
  await using server = await startInProcess(`${block('datadog_analytics_rate 0.5')}\nwhoami`)
  assert.match(await server.waitForLine(/datadog_analytics_rate/), /WARNING.*plugin\/trace: datadog_analytics_rate has no effect/)
})
