import Registry from 'prom-client/lib/registry.js'
import type { Snapshot } from '#src/snapshot.ts'

/** All metrics that have a value, in the text format that Prometheus scrapes. */
export async function expose(metrics: readonly Snapshot[]): Promise<{ status: number; body: string; content: string }> {
  const registry = new Registry()
  for (const { name, help, type, samples } of metrics) {
    // What is not a number has no value: nothing was measured yet.
    const values = samples
      .filter(({ value }) => !Number.isNaN(value))
      .map(sample => ({ metricName: sample.name, labels: sample.labels, value: sample.value }))
    if (values.length === 0) continue
    registry.registerMetric({ name, get: async () => ({ name, help, type, values }) })
  }
  return { status: 200, body: await registry.metrics(), content: registry.contentType }
}
