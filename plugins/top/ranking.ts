import { performance } from 'node:perf_hooks'
import type { Metric, Metrics, Sample } from '#src/metrics.ts'
import type { Counts, Tally } from './tally.ts'

/** How many are exported. */
const MOST = 10

/** What was counted most often in the last minutes, as a metric. */
export class Ranking implements Metric {
  readonly name: string
  readonly help: string
  readonly type = 'gauge'
  /** Each thread counts the queries that it answered. */
  readonly parts = true
  /** By the labels of their server block, as JSON. */
  readonly tallies: Map<string, Tally>
  readonly #label: string
  readonly #which: (counts: Counts) => Counts[keyof Counts]
  readonly #text: (key: string) => string

  /** The ranking of this name, made at the first call. */
  static of(metrics: Metrics, ...parts: ConstructorParameters<typeof Ranking>): Ranking {
    return metrics.once(parts[0], () => new Ranking(...parts))
  }

  /**
   * @param which what is ranked
   * @param text writes a key of it as the value of `label`
   */
  constructor(
    name: string,
    help: string,
    label: string,
    tallies: Map<string, Tally>,
    which: (counts: Counts) => Counts[keyof Counts],
    text = (key: string): string => key,
  ) {
    this.name = name
    this.help = help
    this.tallies = tallies
    this.#label = label
    this.#which = which
    this.#text = text
  }

  samples(): Sample[] {
    const now = performance.now()
    return Array.from(this.tallies.values(), tally =>
      Array.from(tally.rates(this.#which, now))
        .toSorted(([, a], [, b]) => b - a)
        .slice(0, MOST)
        .map(([key, value]) => ({ name: this.name, labels: { ...tally.labels, [this.#label]: this.#text(key) }, value })),
    ).flat()
  }
}
