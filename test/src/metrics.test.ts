import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exponential, Metrics } from '#src/metrics.ts'

test('a counter holds one cell for each combination of label values', () => {
  const counter = new Metrics().counter('coredns_x_total', 'Help.')
  const cell = counter.with({ server: 'dns://:53', zone: '.' })
  cell.value++
  counter.with({ server: 'dns://:53', zone: '.' }).value += 2
  counter.with({ server: 'dns://:54', zone: '.' }).value = 5
  assert.equal(counter.with({ server: 'dns://:53', zone: '.' }), cell)
  assert.deepEqual(counter.samples(), [
    { name: 'coredns_x_total', labels: { server: 'dns://:53', zone: '.' }, value: 3 },
    { name: 'coredns_x_total', labels: { server: 'dns://:54', zone: '.' }, value: 5 },
  ])
})

test('label values that would run together when joined stay apart', () => {
  const counter = new Metrics().counter('coredns_x_total', 'Help.')
  assert.notEqual(counter.with({ a: 'x,y', b: '' }), counter.with({ a: 'x', b: 'y,' }))
  assert.notEqual(counter.with({ a: '"', b: '' }), counter.with({ a: '', b: '"' }))
  counter.with({ a: '__proto__', b: 'constructor' }).value = 1
  assert.equal(counter.samples().length, 5)
})

test('a combination can be forgotten', () => {
  const gauge = new Metrics().gauge('coredns_x', 'Help.')
  gauge.with({ to: 'a' }).value = 1
  gauge.with({ to: 'b' }).value = 2
  gauge.remove({ to: 'a' })
  assert.deepEqual(gauge.samples(), [{ name: 'coredns_x', labels: { to: 'b' }, value: 2 }])
})

test('a gauge whose value is kept elsewhere is read before each scrape', () => {
  const gauge = new Metrics().gauge('coredns_x', 'Help.')
  const cell = gauge.with({})
  let size = 1
  gauge.read = () => {
    cell.value = size++
  }
  assert.deepEqual([gauge.samples()[0]!.value, gauge.samples()[0]!.value], [1, 2])
})

test('a histogram counts up to and with its bounds, and adds up', () => {
  const histogram = new Metrics().histogram('coredns_x_seconds', 'Help.', [1, 2, 4])
  const cell = histogram.with({ zone: '.' })
  for (const value of [0, 1, 1.5, 2, 4, 4.1, 100]) cell.observe(value)
  assert.deepEqual(
    histogram.samples().map(({ name, labels, value }) => [name, labels.le ?? labels.zone, value]),
    [
      ['coredns_x_seconds_bucket', 1, 2],
      ['coredns_x_seconds_bucket', 2, 4],
      ['coredns_x_seconds_bucket', 4, 5],
      ['coredns_x_seconds_bucket', '+Inf', 7],
      ['coredns_x_seconds_sum', '.', 112.6],
      ['coredns_x_seconds_count', '.', 7],
    ],
  )
})

test('a name is one metric, whoever asks for it', () => {
  const metrics = new Metrics()
  const counter = metrics.counter('coredns_x_total', 'Help.')
  assert.equal(metrics.counter('coredns_x_total', 'Other help.'), counter)
  const own = { name: 'coredns_own', help: 'Help.', type: 'gauge', samples: () => [] } as const
  assert.equal(
    metrics.once('coredns_own', () => own),
    own,
  )
  assert.equal(
    metrics.once<typeof own>('coredns_own', () => assert.fail('made twice')),
    own,
  )
  assert.deepEqual([...metrics], [counter, own])
})

test('bounds that double, as CoreDNS has them', () => {
  assert.deepEqual(exponential(0.00025, 2, 4), [0.00025, 0.0005, 0.001, 0.002])
})
