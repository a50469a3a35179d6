import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from '#src/metrics.ts'
import type { OpenPlace } from '#src/server/listeners.ts'
import { exportLosses } from '#src/server/losses.ts'
import { Connections } from '#src/transport/stream.ts'

test('losses are those of all sockets of a place, as they are when somebody looks; of one whose sockets do not know, none are told', async () => {
  const metrics = new Metrics()
  const losses = [
    { overflows: 1, shed: 2, unsent: 3 },
    { overflows: 10, shed: 20, unsent: 30 },
  ]
  const connections = new Connections()
  const place = (label: string, known: typeof losses) => ({ label, losses: () => known }) as unknown as OpenPlace
  exportLosses(metrics, () => [place('dns://:53', losses), place('tls://:853', [])], connections)
  losses[0]!.overflows = 5
  connections.refused = 7
  connections.cut.write = 8
  const [metric, cut, refused] = [...metrics]
  assert.deepEqual(
    (await refused!.samples()).map(({ value }) => value),
    [7],
  )
  assert.deepEqual(
    (await cut!.samples()).map(({ labels, value }) => [labels.reason, value]),
    [
      ['read', 0],
      ['write', 8],
      ['kept', 0],
      ['requests', 0],
    ],
  )
  assert.deepEqual(
    (await metric!.samples()).map(({ labels, value }) => [labels.server, labels.reason, value]),
    [
      ['dns://:53', 'overflows', 15],
      ['dns://:53', 'shed', 22],
      ['dns://:53', 'unsent', 33],
    ],
  )
})
