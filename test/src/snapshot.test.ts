import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from '#src/metrics.ts'
import { addUp, isAdded, snapshot } from '#src/snapshot.ts'

/** What a thread counts. */
function counted(n: number): Metrics {
  const metrics = new Metrics()
  metrics.counter('requests', 'Requests.').with({ zone: 'a' }).value = n
  if (n > 1) metrics.counter('requests', 'Requests.').with({ zone: 'b' }).value = n
  const durations = metrics.histogram('durations', 'Durations.', [1, 10]).with({ zone: 'a' })
  for (let i = 0; i < n; i++) durations.observe(5)
  metrics.gauge('version', 'The version.').with({}).value = 1
  metrics.gauge('entries', 'Entries.', { parts: true }).with({}).value = 10 * n
  return metrics
}

test('samples of several threads are added up by name and labels, gauges of the process not', async () => {
  const threads = [await snapshot(counted(1)), await snapshot(counted(2), isAdded), await snapshot(counted(3), isAdded)]
  const sums = addUp(threads).flatMap(({ samples }) =>
    samples.map(({ name, labels, value }) => [name, Object.values(labels).join(), value]),
  )
  assert.deepEqual(sums, [
    ['requests', 'a', 6],
    ['requests', 'b', 5],
    ['durations_bucket', 'a,1', 0],
    ['durations_bucket', 'a,10', 6],
    ['durations_bucket', 'a,+Inf', 6],
    ['durations_sum', 'a', 30],
    ['durations_count', 'a', 6],
    ['version', '', 1],
    ['entries', '', 60],
  ])
  assert.equal(addUp(threads)[0]!.samples[0]!.value, 6, 'nothing that was added up has changed')
})
