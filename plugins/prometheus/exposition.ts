import Registry from 'prom-client/lib/registry.js'
import type { Metrics } from '#src/metrics.ts'

/** All metrics that have a value, in the text format that Prometheus scrapes. */
export async function expose(metrics: Metrics): Promise<{ status: number; body: string; content: string }> {
  const registry = new Registry()
  for (const metric of metrics) {
    const { name, help, type } = metric
    // What is not a number has no value: nothing was measured yet.
    const samples = (await metric.samples()).filter(({ value }) => !Number.isNaN(value))
    if (samples.length === 0) continue
    const values = samples.map(sample => ({ metricName: sample.name, labels: sample.labels, value: sample.value }))
    registry.registerMetric({ name, get: async () => ({ name, help, type, values }) })
  }
  return { status: 200, body: await registry.metrics(), content: registry.contentType }
}
