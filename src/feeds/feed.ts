import { Worker } from 'node:worker_threads'
import type { Logger } from '../log.ts'
import type { Change, HostRecord, Report } from '../registry/record.ts'

/** Records replayed to a new subscriber in one go; queries get their turn in between. */
const SLICE = 100
/** Milliseconds until a thread that failed is started again; doubled each time, up to the second. */
const RESTART = [1000, 30_000] as const

/** What a feed reads. */
export interface Source {
  /** Two sources with the same key are one. */
  readonly key: string
  /** As logs and metrics name it: `file examples/mesh`. */
  readonly name: string
  /** The module that the feed's thread runs, and its `workerData`. */
  readonly worker: URL
  readonly data: unknown
}

export type Subscriber = (id: string, record: HostRecord | undefined, previous: HostRecord | undefined) => void

/** One source, read in a thread of its own, and all that it has told. What is known stays known while the source is lost. */
export class Feed {
  readonly source: Source
  log: Logger
  /** Whether everything that the source held at first has been told. */
  complete = false
  /** What it waits for before it is complete. */
  waiting = ''
  /** When the source was last known to say what is held, by the monotonic clock in milliseconds. */
  current: number | undefined
  objects: ReadonlyMap<string, number> = new Map()
  /** Documents with problems, in all. */
  rejected = 0
  readonly #records = new Map<string, HostRecord>()
  readonly #subscribers = new Set<Subscriber>()
  #completed = Promise.withResolvers<void>()
  #worker: Worker
  #delay: number = RESTART[0]
  /** Ids that a thread has told since it took over from one that failed. */
  #retold: Set<string> | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(source: Source, log: Logger) {
    this.source = source
    this.log = log
    this.#worker = this.#start()
  }

  get records(): ReadonlyMap<string, HostRecord> {
    return this.#records
  }

  /** Fulfilled when the feed is complete. */
  get completed(): Promise<void> {
    return this.#completed.promise
  }

  /** Tells `subscriber` all records, then every change, until {@link unsubscribe}. A record may be told twice. */
  async subscribe(subscriber: Subscriber): Promise<void> {
    this.#subscribers.add(subscriber)
    let told = 0
    for (const [id, record] of this.#records) {
      if (!this.#subscribers.has(subscriber)) return
      subscriber(id, record, undefined)
      if (++told % SLICE === 0) await new Promise(setImmediate)
    }
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#worker.terminate()
  }

  #start(): Worker {
    const { worker, data, name } = this.source
    return new Worker(worker, {
      name,
      workerData: data,
      // What a feed reads is garbage soon; more room for it would only be memory that is held.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    })
      .on('message', (report: Report) => this.#take(report))
      .on('error', error => this.log.error(`${name}: ${error instanceof Error ? error.stack : error}`))
      .on('exit', () => this.#restart())
  }

  #restart(): void {
    if (this.#closed) return
    this.log.error(`${this.source.name}: the feed has failed and starts again in ${this.#delay / 1000} s; what is known stays`)
    this.#timer = setTimeout(() => {
      this.#retold = new Set()
      this.#worker = this.#start()
    }, this.#delay)
    this.#delay = Math.min(2 * this.#delay, RESTART[1])
  }

  #take(report: Report): void {
    for (const change of report.changes ?? []) this.#apply(change)
    for (const [level, text] of report.log ?? []) this.log[level](text)
    if (report.objects) this.objects = new Map(report.objects)
    if (report.waiting !== undefined) this.waiting = report.waiting
    if (report.current) this.current = performance.now()
    this.rejected += report.rejected ?? 0
    if (report.complete) this.#complete()
    // Queries get their turn before the next report.
    setImmediate(() => this.#worker.postMessage('taken'))
  }

  #apply([id, record]: Change): void {
    this.#retold?.add(id)
    const previous = this.#records.get(id)
    if (record) this.#records.set(id, record)
    else this.#records.delete(id)
    for (const subscriber of this.#subscribers) subscriber(id, record, previous)
  }

  #complete(): void {
    if (this.#retold) for (const id of this.#records.keys()) if (!this.#retold.has(id)) this.#apply([id, undefined])
    this.#retold = undefined
    this.#delay = RESTART[0]
    this.complete = true
    this.#completed.resolve()
  }
}
