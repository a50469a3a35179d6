/** What metrics said at a moment: plain data, which crosses threads and adds up. */
import type { Metric, Metrics, Sample } from './metrics.ts'

export interface Snapshot {
  readonly name: string
  readonly help: string
  readonly type: Metric['type']
  readonly samples: readonly Sample[]
}

/** @param which all of them by default */
export async function snapshot(metrics: Metrics, which: (metric: Metric) => boolean = () => true): Promise<Snapshot[]> {
  const wanted = [...metrics].filter(which)
  return Promise.all(
    wanted.map(async metric => ({ name: metric.name, help: metric.help, type: metric.type, samples: await metric.samples() })),
  )
}

/** What a further thread adds: what it counted, and its parts of what is held. */
export const isAdded = ({ type, parts }: Metric): boolean => type !== 'gauge' || parts === true

/** One snapshot of several: samples of the same name and labels are added up. */
export function addUp(snapshots: readonly (readonly Snapshot[])[]): Snapshot[] {
  const sums = new Map<string, { metric: Snapshot; samples: Map<string, Sample> }>()
  for (const metric of snapshots.flat()) {
    const sum = sums.get(metric.name) ?? { metric, samples: new Map<string, Sample>() }
    sums.set(metric.name, sum)
    for (const sample of metric.samples) {
      const key = JSON.stringify([sample.name, sample.labels])
      const value = (sum.samples.get(key)?.value ?? 0) + sample.value
      sum.samples.set(key, { ...sample, value })
    }
  }
  return Array.from(sums.values(), ({ metric, samples }) => ({ ...metric, samples: [...samples.values()] }))
}
