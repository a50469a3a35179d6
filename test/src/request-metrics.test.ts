import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { Metrics, type Sample } from '#src/metrics.ts'
import { answer, failure, type Reply } from '#src/plugin.ts'
import { RequestMetrics } from '#src/request-metrics.ts'
import { queryOf } from '#test/support/exchange.ts'

async function samplesOf(metrics: Metrics, name: string): Promise<Sample[]> {
  const samples = await Promise.all(Array.from(metrics, metric => metric.samples()))
  return samples.flat().filter(sample => sample.name === name)
}

function counting() {
  const metrics = new Metrics()
  const zone = new RequestMetrics(metrics).zone('dns://:53', 'example.org.')
  return { metrics, zone, labels: { server: 'dns://:53', zone: 'example.org.', view: '' } }
}

const replyBy = (plugin: string | undefined, reply: Reply = answer(NO_RECORDS)): Reply => Object.assign(reply, { plugin })

suite('dns_requests_total', () => {
  const types: readonly (readonly [type: string | number, label: string])[] = [
    ['A', 'A'], ['AAAA', 'AAAA'], ['CNAME', 'CNAME'], ['DNSKEY', 'DNSKEY'], ['DS', 'DS'], ['MX', 'MX'], ['NSEC', 'NSEC'], ['NSEC3', 'NSEC3'],
    ['NS', 'NS'], ['PTR', 'PTR'], ['RRSIG', 'RRSIG'], ['SOA', 'SOA'], ['SRV', 'SRV'], ['TXT', 'TXT'], ['HTTPS', 'HTTPS'], ['SVCB', 'SVCB'],
    ['IXFR', 'IXFR'], ['AXFR', 'AXFR'], ['ANY', 'ANY'], ['HINFO', 'other'], ['CAA', 'other'], [0, 'other'], [666, 'other'], [65535, 'other'],
  ] // biome-ignore format: a table
  for (const [type, label] of types) {
    test(`type ${type} is ${label}`, async () => {
      const { metrics, zone, labels } = counting()
      for (const transport of ['udp', 'tcp', 'tls', 'https'] as const)
        zone.count(queryOf('example.org', type, { transport }), replyBy('x'), 0)
      zone.count(queryOf('example.org', type, { address: '2001:db8::1' }), replyBy('x'), 0)
      assert.deepEqual(await samplesOf(metrics, 'coredns_dns_requests_total'), [
        { name: 'coredns_dns_requests_total', labels: { ...labels, proto: 'udp', family: '1', type: label }, value: 1 },
        { name: 'coredns_dns_requests_total', labels: { ...labels, proto: 'tcp', family: '1', type: label }, value: 3 },
        { name: 'coredns_dns_requests_total', labels: { ...labels, proto: 'udp', family: '2', type: label }, value: 1 },
      ])
    })
  }
})

test('dns_responses_total tells rcode and plugin, and has no plugin for what the server refused', async () => {
  const { metrics, zone, labels } = counting()
  zone.count(queryOf('example.org'), replyBy('hosts'), 0)
  zone.count(queryOf('example.org'), replyBy('hosts'), 0)
  zone.count(queryOf('example.org'), replyBy('forward', failure('x')), 0)
  zone.count(queryOf('example.org'), Object.assign(replyBy(undefined), { rcode: 3841 }), 0)
  assert.deepEqual(
    (await samplesOf(metrics, 'coredns_dns_responses_total')).map(({ labels: { rcode, plugin, ...rest }, value }) => {
      assert.deepEqual(rest, labels)
      return [rcode, plugin, value]
    }),
    [
      ['NOERROR', 'hosts', 2],
      ['SERVFAIL', 'forward', 1],
      ['RCODE3841', '', 1],
    ],
  )
})

test('dns_do_requests_total counts queries with DO', async () => {
  const { metrics, zone } = counting()
  for (const edns of [undefined, { dnssecOk: false }, { dnssecOk: true }])
    zone.count(queryOf('example.org', 'A', edns && { edns }), replyBy('x'), 0)
  assert.equal((await samplesOf(metrics, 'coredns_dns_do_requests_total'))[0]?.value, 1)
})

test('durations and sizes fall into the buckets of CoreDNS', async () => {
  const { metrics, zone } = counting()
  zone.count(queryOf('example.org'), replyBy('x'), 0.0003)
  zone.count(queryOf('example.org', 'A', { edns: true }), replyBy('x'), 100)
  const bounds = async (name: string) =>
    (await samplesOf(metrics, `${name}_bucket`)).map(({ labels, value }) => [labels.le, value])
  const seconds = await bounds('coredns_dns_request_duration_seconds')
  assert.deepEqual(seconds.slice(0, 3), [[0.00025, 0], [0.0005, 1], [0.001, 1]]) // biome-ignore format: a table
  assert.deepEqual(seconds.slice(-2), [[8.192, 1], ['+Inf', 2]]) // biome-ignore format: a table
  assert.equal(seconds.length, 17)
  for (const name of ['coredns_dns_request_size_bytes', 'coredns_dns_response_size_bytes']) {
    const sizes = await bounds(name)
    assert.deepEqual(
      sizes.map(([bound]) => bound),
      [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000, '+Inf'],
    )
    assert.deepEqual(sizes[1], [100, 2])
    assert.equal((await samplesOf(metrics, `${name}_sum`))[0]?.value, 29 + 40)
  }
})

test('a message that is no query is counted with what answered it, and with nothing where silence did', async () => {
  const metrics = new Metrics()
  const dropped = new RequestMetrics(metrics).dropped('dns://:53')
  const client = { address: '192.0.2.1', port: 1, family: 4 } as const
  dropped.countMessage(Buffer.alloc(20), client, 'udp', Buffer.from([0, 0, 0x80, 4, 0, 0, 0, 0, 0, 0, 0, 0]))
  dropped.countMessage(Buffer.alloc(3), client, 'udp', undefined)
  const labels = { server: 'dns://:53', zone: 'dropped', view: '' }
  assert.deepEqual(await samplesOf(metrics, 'coredns_dns_requests_total'), [
    { name: 'coredns_dns_requests_total', labels: { ...labels, proto: 'udp', family: '1', type: 'other' }, value: 2 },
  ])
  assert.deepEqual(await samplesOf(metrics, 'coredns_dns_responses_total'), [
    { name: 'coredns_dns_responses_total', labels: { ...labels, rcode: 'NOTIMP', plugin: '' }, value: 1 },
  ])
})
