import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'
import { corefileOf } from './corefile.ts'
import { balanced, ingress } from './objects.ts'

test('objects, what was rejected and the age are told of each kind, once for all blocks and threads', async () => {
  await using api = await FakeApi.start()
  api.unserve('HTTPRoute')
  api.put(
    ingress('web', ['web.example.org', 'no..name'], [{ ip: '203.0.113.1' }]),
    ingress('other', ['other.example.org'], [{ ip: '203.0.113.2' }]),
    ...['edge', 'shop', 'none'].map(team => balanced(team, [{ ip: '203.0.113.3' }], {}, { labels: { team } })),
  )
  const port = await freePort()
  const options = ['resources Ingress Service HTTPRoute', 'serviceLabelSelectors team=edge team=shop']
  const above = `multisocket 2\nprometheus 127.0.0.1:${port}`
  const other = `example.net:0 {\nk8s_gateway {\nendpoint ${api.url}\nresources Ingress\n}\n}\n`
  await using _server = await startServer(corefileOf(api.port, options, { above }) + other)
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const samples = (name: string) =>
    Array.from(text.matchAll(new RegExp(`^coredns_k8s_gateway_${name}{(.*)} (.*)$`, 'gm')), ([, labels, value]) => [
      labels!.replace(/^source="kubernetes http:\/\/127\.0\.0\.1:\d+",kind="(\w+)"$/, '$1'),
      Number(value),
    ]).sort() as [string, number][]
  assert.deepEqual(samples('objects'), [
    ['Gateway', 0],
    ['HTTPRoute', 0],
    ['Ingress', 2],
    ['ListenerSet', 0],
    ['Service', 2],
  ])
  assert.deepEqual(
    samples('rejected_objects_total').filter(([, count]) => count > 0),
    [['Ingress', 1]],
  )
  const ages = samples('data_age_seconds')
  assert.deepEqual(
    ages.map(([kind]) => kind),
    ['Gateway', 'HTTPRoute', 'Ingress', 'ListenerSet', 'Service'],
  )
  for (const [kind, age] of ages) assert.ok(age >= 0 && age < 60, `${kind} ${age}`)
})
