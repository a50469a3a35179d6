import prom from 'prom-client'
import type { Metric, Metrics, Sample } from '#src/metrics.ts'

/** Filled once a process: prom-client listens to the garbage collector, and never stops. */
const registry = new prom.Registry()
prom.collectDefaultMetrics({ register: registry })

/** Adds what prom-client knows of the Node runtime beyond the metrics there are: garbage collections, heap spaces, active resources. */
export function addRuntimeMetrics(metrics: Metrics): void {
  for (const { name, help, type } of registry.getMetricsAsArray()) {
    metrics.once(name, () => ({ name, help, type: `${type}` as Metric['type'], samples: () => collect(name) }))
  }
}

async function collect(name: string): Promise<Sample[]> {
  const { values } = await registry.getSingleMetric(name)!.get()
  // A histogram's parts have names of their own, which prom-client's types leave out.
  return (values as { metricName?: string; labels: object; value: number }[]).map(({ metricName, labels, value }) => ({
    name: metricName ?? name,
    labels: { ...labels },
    value,
  }))
}
