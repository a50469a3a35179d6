import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDnsperf } from '../../bench/dnsperf.ts'

const statistics = `Statistics:

  Queries sent:         101550
  Queries completed:    101545 (100.00%)
  Queries lost:         5 (0.00%)

  Response codes:       NOERROR 101500 (99.96%), SERVFAIL 45 (0.04%)
  Average packet size:  request 31, response 97
  Run time (s):         1.005726
  Queries per second:   100966.863738

  Average Latency (s):  0.001775 (min 0.000010, max 0.013517)
  Latency StdDev (s):   0.001165
`

test('the closing statistics are read', () => {
  const load = parseDnsperf(
    `DNS Performance Testing Tool\nVersion 2.10.0\n\n[Status] Testing complete (time limit)\n\n${statistics}`,
  )
  assert.deepEqual(load, {
    sent: 101550,
    completed: 101545,
    lost: 5,
    seconds: 1.005726,
    queriesPerSecond: 100966.863738,
    rcodes: { NOERROR: 101500, SERVFAIL: 45 },
    replyBytes: 97,
    latencies: new Float64Array(),
  })
})

test('the latency of each reply is read, whatever its name and rcode', () => {
  const lines = ['> NOERROR a.example.org A 0.000349', '> NXDOMAIN > 1.example.org AAAA 0.000122', '> T lost.example.org A']
  const { latencies } = parseDnsperf(`Version 2.10.0\n${lines.join('\n')}\n${statistics}`)
  assert.deepEqual([...latencies], [0.000349, 0.000122])
})

test('statistics of connections that follow are not taken for them', () => {
  const connections = '\nConnection Statistics:\n\n  Reconnections:        0\n\n  Average Latency (s):  0.001368\n'
  assert.equal(parseDnsperf(statistics + connections).sent, 101550)
})

test('a run without a single reply has no rcodes', () => {
  const silent = statistics.replace(/ +Response codes:.*\n/, '').replace('response 97', 'response 0')
  assert.deepEqual(parseDnsperf(silent).rcodes, {})
})

test('a run that did not come to its end is an error that shows what dnsperf said', () => {
  assert.throws(() => parseDnsperf('Error: getaddrinfo: no such host\n'), /did not finish:\nError: getaddrinfo: no such host$/)
})

test('statistics without a number are an error that names it', () => {
  assert.throws(() => parseDnsperf(statistics.replace(/Queries lost.*/, '')), /no Queries lost/)
})
