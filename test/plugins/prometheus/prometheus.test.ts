import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { failure } from '#src/plugin.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { freePort } from '#test/support/ports.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'
import { type Scraped, scrape } from './scrape.ts'

suite('a scrape after some queries', () => {
  let server: ServerProcess
  let metrics: Map<string, Scraped>
  let label: string
  const sample = (metric: string, series: string) => metrics.get(metric)?.samples.get(series.replaceAll('SERVER', label))

  before(async () => {
    const port = await freePort()
    server = await startServer(`.:0 {\n prometheus 127.0.0.1:${port}\n errors\n any\n whoami\n}\n`)
    label = `server="dns://:${server.port}"`
    await server.query('example.org', 'A', { edns: { dnssecOk: true } })
    await server.query('example.org', 'HINFO', { address: '::1' })
    await server.queryTcp('example.org', 'ANY')
    await server.send(Buffer.from('0001280000010000000000000000010001', 'hex'))
    await server.query('version.bind', 'TXT', { class: 3 })
    metrics = await scrape(port)
  })
  after(() => server.stop())

  const expected: readonly (readonly [metric: string, series: string, value: number])[] = [
    ['coredns_dns_requests_total', '{SERVER,zone=".",view="",proto="udp",family="1",type="A"}', 1],
    ['coredns_dns_requests_total', '{SERVER,zone=".",view="",proto="udp",family="2",type="other"}', 1],
    ['coredns_dns_requests_total', '{SERVER,zone=".",view="",proto="tcp",family="1",type="ANY"}', 1],
    ['coredns_dns_requests_total', '{SERVER,zone="dropped",view="",proto="udp",family="1",type="other"}', 1],
    ['coredns_dns_requests_total', '{SERVER,zone="dropped",view="",proto="udp",family="1",type="TXT"}', 1],
    ['coredns_dns_do_requests_total', '{SERVER,zone=".",view=""}', 1],
    ['coredns_dns_responses_total', '{SERVER,zone=".",view="",rcode="NOERROR",plugin="whoami"}', 2],
    ['coredns_dns_responses_total', '{SERVER,zone=".",view="",rcode="NOERROR",plugin="any"}', 1],
    ['coredns_dns_responses_total', '{SERVER,zone="dropped",view="",rcode="NOTIMP",plugin=""}', 1],
    ['coredns_dns_responses_total', '{SERVER,zone="dropped",view="",rcode="REFUSED",plugin=""}', 1],
    ['coredns_dns_request_duration_seconds', '_count{SERVER,zone=".",view=""}', 3],
    ['coredns_dns_request_size_bytes', '_count{SERVER,zone=".",view="",proto="udp"}', 2],
    ['coredns_dns_response_size_bytes', '_count{SERVER,zone=".",view="",proto="tcp"}', 1],
    ['coredns_panics_total', '', 0],
    ['coredns_build_info', `{version="0.1.0",revision="",goversion="${process.version}"}`, 1],
    ['coredns_plugin_enabled', '{SERVER,zone=".",view="",name="errors"}', 1],
    ['coredns_plugin_enabled', '{SERVER,zone=".",view="",name="prometheus"}', 1],
  ]
  for (const [metric, series, value] of expected) {
    test(metric + series, () => assert.equal(sample(metric, metric + series), value))
  }

  test('types', () => {
    const types = Object.fromEntries(Array.from(metrics, ([name, { type }]) => [name, type]))
    assert.equal(types.coredns_dns_requests_total, 'counter')
    assert.equal(types.coredns_dns_request_duration_seconds, 'histogram')
    assert.equal(types.coredns_plugin_enabled, 'gauge')
  })

  test('every metric has a help text, and a value', () => {
    for (const [name, { help, samples }] of metrics) {
      assert.ok(help.length > 0, name)
      assert.ok(samples.size > 0, name)
    }
  })

  test('the process tells of itself', () => {
    const value = (name: string) => sample(name, name)!
    assert.ok(value('process_cpu_seconds_total') > 0)
    assert.ok(value('process_resident_memory_bytes') > 20e6)
    assert.ok(Math.abs(value('process_start_time_seconds') * 1000 - Date.now()) < 60_000)
    assert.ok(value('process_open_fds') > 3)
    assert.ok(value('nodejs_heap_size_used_bytes') > 1e6)
    for (const quantile of ['mean', 'p50', 'p90', 'p99', 'max']) {
      const lag = value(`nodejs_eventloop_lag_${quantile}_seconds`)
      assert.ok(lag >= 0 && lag < 10, `${quantile}: ${lag}`)
    }
  })

  test('there are no garbage collections unless runtime_metrics is said', () => {
    assert.equal(metrics.has('nodejs_gc_duration_seconds'), false)
  })
})

test('zones share an address, and are counted apart', async () => {
  const port = await freePort()
  const block = `prometheus 127.0.0.1:${port}\n whoami\n`
  await using server = await startServer(`example.org:0 example.net:0 {\n ${block}}\nexample.com:0 {\n ${block}}\n`)
  const [org = 0, net = 0, com = 0] = server.ports
  await server.query('a.example.org', 'A', { port: org })
  await server.query('a.example.net', 'A', { port: net })
  await server.query('a.b.example.com', 'A', { port: com })
  await server.query('example.com', 'A', { port: com })
  const { samples } = (await scrape(port)).get('coredns_dns_requests_total')!
  assert.deepEqual(Object.fromEntries(Array.from(samples, ([series, value]) => [/zone="([^"]*)"/.exec(series)?.[1], value])), {
    'example.org.': 1,
    'example.net.': 1,
    'example.com.': 2,
  })
})

test('a failure counts with the plugin that made it, however late', async () => {
  await using server = await startInProcess(`prometheus 127.0.0.1:${await freePort()}\nscript`)
  server.script = async () => failure('late')
  await server.query('example.org')
  assert.equal(await server.metric('coredns_dns_responses_total', { rcode: 'SERVFAIL', plugin: 'script' }), 1)
})

test('a reload keeps counts and the port, and tells the plugins as they are then', async () => {
  const port = await freePort()
  await using server = await startServer(`.:0 {\n prometheus 127.0.0.1:${port}\n errors\n whoami\n}\n`)
  await server.query('example.org')
  await writeFile(server.path('Corefile'), `.:0 {\n prometheus 127.0.0.1:${port}\n log\n whoami\n}\n`)
  server.signal('SIGUSR1')
  await server.waitForLine(/Reloading complete/)
  await server.query('example.org')
  const metrics = await scrape(port)
  assert.deepEqual([...metrics.get('coredns_dns_responses_total')!.samples.values()], [2])
  assert.deepEqual(
    Array.from(metrics.get('coredns_plugin_enabled')!.samples.keys(), series => /name="(\w+)"/.exec(series)?.[1]),
    ['prometheus', 'log', 'whoami'],
  )
})

test('plugins are enabled for a zone on the ports that serve it, and on no other', async () => {
  const [port, first, second] = [await freePort(), await freePort(), await freePort()]
  await using _server = await startServer(
    `example.org:${first} example.net:${second} {\n bind 127.0.0.1\n prometheus 127.0.0.1:${port}\n}\n`,
  )
  assert.deepEqual(
    Array.from((await scrape(port)).get('coredns_plugin_enabled')!.samples.keys(), series =>
      series.replace(/,view.*name=/, ',name='),
    ),
    [
      ['example.org.', first, 'bind'],
      ['example.org.', first, 'prometheus'],
      ['example.net.', second, 'bind'],
      ['example.net.', second, 'prometheus'],
    ].map(([zone, at, name]) => `coredns_plugin_enabled{server="dns://127.0.0.1:${at}",zone="${zone}",name="${name}"}`),
  )
})

test('runtime_metrics adds what prom-client knows', async () => {
  const port = await freePort()
  await using server = await startServer(`.:0 {\n prometheus 127.0.0.1:${port} {\n  runtime_metrics\n }\n whoami\n}\n`)
  const names = [
    'nodejs_gc_duration_seconds',
    'nodejs_heap_space_size_used_bytes',
    'nodejs_active_resources_total',
    'process_virtual_memory_bytes',
  ]
  // Garbage is collected now and then.
  await until(async () => {
    const metrics = await scrape(port)
    return names.every(name =>
      metrics
        .get(name)
        ?.samples.values()
        .some(value => value > 0),
    )
  })
  assert.ok(server.port > 0)
})
