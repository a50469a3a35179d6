import assert from 'node:assert/strict'
import { test } from 'node:test'
import { top } from '#plugins/top/index.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { answer, nameError } from '#src/plugin.ts'
import { scrape } from '#test/plugins/prometheus/scrape.ts'
import { refuses } from '#test/support/directive.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'

const CLIENTS = 'coredns_top_client_queries_per_second'
const NAMES = 'coredns_top_name_queries_per_second'
const MISSING = 'coredns_top_nxdomain_queries_per_second'

test('names and clients are told with their share of the queries, those that do not exist apart', async () => {
  await using server = await startInProcess('top\nscript')
  server.script = query => (query.name.startsWith('no.') ? nameError(NO_RECORDS) : answer(NO_RECORDS))
  for (const name of ['Hot.example.org', 'no.example.org', 'hot.example.org', 'hot.example.org']) await server.query(name)
  const metric = (name: string, label: string, value: string) => server.metric(name, { zones: '.', [label]: value })
  const [hot, missing, client] = [
    await metric(NAMES, 'name', 'hot.example.org.'),
    await metric(NAMES, 'name', 'no.example.org.'),
    await metric(CLIENTS, 'client', '127.0.0.1'),
  ]
  assert.ok(hot! > 0)
  // Rates are over the time until each of them was asked for.
  assert.ok(Math.abs(hot! / missing! - 3) < 0.5, `${hot} ${missing}`)
  assert.ok(Math.abs(client! / missing! - 4) < 0.5, `${client} ${missing}`)
  assert.ok((await metric(MISSING, 'name', 'no.example.org.'))! > 0)
  assert.equal(await metric(MISSING, 'name', 'hot.example.org.'), undefined)
})

test('ten are told, those that were counted most', async () => {
  await using server = await startInProcess('top\nscript')
  for (let i = 0; i < 12; i++) for (let times = 0; times <= i; times++) await server.query(`n${i}.example.org`)
  const told = Array.from({ length: 12 }, (_, i) => server.metric(NAMES, { name: `n${i}.example.org.` }))
  assert.deepEqual(
    (await Promise.all(told)).map(value => value !== undefined),
    [false, false, ...Array(10).fill(true)],
  )
})

test('blocks of several views are told apart', async () => {
  const port = await freePort()
  const block = (view: string, type: string) => `.:${port} {\n view ${view} {\n  expr type() == '${type}'\n }\n top\n whoami\n}\n`
  await using server = new InProcessServer(block('four', 'A') + block('six', 'AAAA'))
  await server.server.start()
  for (const type of ['A', 'AAAA', 'AAAA']) await server.query('example.org', type)
  const [four, six] = [await server.metric(NAMES, { view: 'four' }), await server.metric(NAMES, { view: 'six' })]
  assert.ok(Math.abs(six! / four! - 2) < 0.5, `${six} ${four}`)
})

test('a reload forgets nothing', async () => {
  await using server = await startInProcess('top\nscript')
  await server.query('example.org')
  await server.server.reload()
  assert.ok((await server.metric(NAMES, { name: 'example.org.' }))! > 0)
})

test('a reload forgets what was asked of a server block that is no more', async () => {
  await using server = await startInProcess('top\nscript')
  await server.query('example.org')
  server.corefile = server.corefile.replace('top', '')
  await server.server.reload()
  assert.equal(await server.metric(NAMES), undefined)
})

test('what several threads have counted is added up', async () => {
  const port = await freePort()
  await using server = await startServer(`.:0 {\n multisocket 2\n prometheus 127.0.0.1:${port}\n top\n any\n whoami\n}\n`)
  // Each from a port of its own, by which the kernel chooses the thread.
  for (let i = 0; i < 40; i++) await server.query('example.org')
  const metrics = await scrape(port)
  const threads = Array.from(metrics.get('coredns_serving_thread_requests_total')!.samples.values())
  assert.equal(threads.filter(requests => requests > 0).length, 2)
  const rate = metrics.get(NAMES)!.samples.get(`${NAMES}{zones=".",view="",name="example.org."}`)!
  const byThread = metrics.get(CLIENTS)!.samples.get(`${CLIENTS}{zones=".",view="",client="127.0.0.1"}`)!
  assert.ok(Math.abs(rate / byThread - 1) < 0.1, `${rate} ${byThread}`)
})

test('arguments, options and a second line are refused', () => {
  for (const lines of ['top 5', 'top {\n clients\n}', 'top\ntop']) refuses(top, lines)
})
