/**
 * Metrics as plain numbers: counting is one addition, with no lookup and no allocation. The *prometheus* plugin turns them into samples
 * when somebody scrapes. A metric belongs to the thread and lives on over reloads.
 */
export type Labels = Readonly<Record<string, string>>

/** A value with its labels. */
export class Cell {
  value = 0
  readonly labels: Labels

  constructor(labels: Labels) {
    this.labels = labels
  }
}

/** A histogram's counts with its labels; `counts[i]` holds what fell at or below `buckets[i]` and above the one before, the last the rest. */
export class HistogramCell {
  readonly labels: Labels
  readonly buckets: readonly number[]
  readonly counts: Float64Array
  sum = 0

  constructor(labels: Labels, buckets: readonly number[]) {
    this.labels = labels
    this.buckets = buckets
    this.counts = new Float64Array(buckets.length + 1)
  }

  observe(value: number): void {
    let i = 0
    while (i < this.buckets.length && value > this.buckets[i]!) i++
    this.counts[i]!++
    this.sum += value
  }
}

/** One sample of a scrape; `name` differs from the metric's for a histogram's parts. */
export interface Sample {
  name: string
  labels: Record<string, string | number>
  value: number
}

export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** Of a gauge: each thread has a part of the value, and they are added up. What other gauges tell is the same in all threads. */
  readonly parts?: boolean
  samples(): Sample[] | Promise<Sample[]>
}

/** Holds one cell for each combination of label values. */
class Family<C extends Cell | HistogramCell> {
  readonly #cells = new Map<string, C>()
  readonly #create: (labels: Labels) => C

  constructor(create: (labels: Labels) => C) {
    this.#create = create
  }

  /** The cell for these label values; ask once and keep it where it is counted. */
  with(labels: Labels): C {
    const key = JSON.stringify(Object.values(labels))
    let cell = this.#cells.get(key)
    if (!cell) {
      cell = this.#create(labels)
      this.#cells.set(key, cell)
    }
    return cell
  }

  /** Forgets a combination that will not come back, so that it is no longer exported. */
  remove(labels: Labels): void {
    this.#cells.delete(JSON.stringify(Object.values(labels)))
  }

  /** Forgets all combinations, before those that exist now are set. */
  clear(): void {
    this.#cells.clear()
  }

  cells(): Iterable<C> {
    return this.#cells.values()
  }
}

/** A counter or gauge. Where the value is kept elsewhere, `read` fetches it before each scrape. */
export class Scalar extends Family<Cell> implements Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly parts: boolean
  read: (() => void) | undefined

  constructor(type: 'counter' | 'gauge', name: string, help: string, { parts = false } = {}) {
    super(labels => new Cell(labels))
    this.type = type
    this.parts = parts
    this.name = name
    this.help = help
  }

  samples(): Sample[] {
    this.read?.()
    return Array.from(this.cells(), cell => ({ name: this.name, labels: cell.labels, value: cell.value }))
  }
}

/** The cells of a counter by the label of the listener, for what is counted with each query: each is looked up by its labels once. */
export class CellsByServer {
  readonly #counter: Scalar
  readonly #labels: Labels
  readonly #cells = new Map<string, Cell>()

  /** @param labels behind `server` */
  constructor(counter: Scalar, labels: Labels = {}) {
    this.#counter = counter
    this.#labels = labels
  }

  of(server: string): Cell {
    return this.#cells.get(server) ?? this.#bind(server)
  }

  #bind(server: string): Cell {
    const cell = this.#counter.with({ server, ...this.#labels })
    this.#cells.set(server, cell)
    return cell
  }
}

export class Histogram extends Family<HistogramCell> implements Metric {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'

  constructor(name: string, help: string, buckets: readonly number[]) {
    super(labels => new HistogramCell(labels, buckets))
    this.name = name
    this.help = help
  }

  samples(): Sample[] {
    return Array.from(this.cells()).flatMap(({ labels, buckets, counts, sum }) => {
      let count = 0
      const parts = Array.from(counts, (n, i) => {
        count += n
        return { name: `${this.name}_bucket`, labels: { ...labels, le: i < buckets.length ? buckets[i]! : '+Inf' }, value: count }
      })
      return [...parts, { name: `${this.name}_sum`, labels, value: sum }, { name: `${this.name}_count`, labels, value: count }]
    })
  }
}

/** Every metric of a thread, each made once. Names start with `coredns_`, as CoreDNS's dashboards expect. */
export class Metrics {
  readonly #metrics = new Map<string, Metric>()

  counter(name: string, help: string): Scalar {
    return this.once(name, () => new Scalar('counter', name, help))
  }

  /** @param options see {@link Metric.parts} */
  gauge(name: string, help: string, options: { parts?: boolean } = {}): Scalar {
    return this.once(name, () => new Scalar('gauge', name, help, options))
  }

  /** @param buckets upper bounds, ascending, in the unit of the observed values */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    return this.once(name, () => new Histogram(name, help, buckets))
  }

  /** The metric of this name, made at the first call: for metrics of another shape than the three above. */
  once<M extends Metric>(name: string, create: () => M): M {
    const known = this.#metrics.get(name)
    if (known) return known as M
    const metric = create()
    this.#metrics.set(name, metric)
    return metric
  }

  [Symbol.iterator](): IterableIterator<Metric> {
    return this.#metrics.values()
  }
}

/** `count` bounds from `start`, each `factor` times the one before. */
export const exponential = (start: number, factor: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => start * factor ** i)
