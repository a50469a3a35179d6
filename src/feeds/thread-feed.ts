import { Worker } from 'node:worker_threads'
import type { Logger } from '../log.ts'
import type { Feed, Source } from './feed.ts'
import { Records } from './records.ts'
import type { Change, Report, Traffic } from './report.ts'

/** Milliseconds until a thread that failed is started again; doubled each time, up to the second. */
const RESTART = [1000, 30_000] as const

/** What a thread is posted when clients are to be told, too. Those of some sources know none. */
export const TELL_CLIENTS = 'tell clients'

/** A source that is read in a thread of its own. */
export interface ThreadSource extends Source {
  /** The module that the thread runs, and its `workerData`. */
  readonly worker: URL
  readonly data: unknown
}

export const threadSource = (thread: Omit<ThreadSource, 'open'>): ThreadSource => ({
  ...thread,
  async open(log) {
    return new ThreadFeed(this, log)
  },
})

/** One source, read in a thread of its own, and all that it has told. */
export class ThreadFeed extends Records implements Feed {
  readonly source: ThreadSource
  log: Logger
  complete = false
  waiting = ''
  current: number | undefined
  objects: ReadonlyMap<string, number> = new Map()
  rejected = 0
  connected: boolean | undefined
  traffic: readonly Traffic[] = []
  onDelay = (): void => {}
  #completed = Promise.withResolvers<void>()
  #worker: Worker
  #delay: number = RESTART[0]
  /** Ids that a thread has told since it took over from one that failed. */
  #retold: Set<string> | undefined
  #timer: NodeJS.Timeout | undefined
  #tellsClients = false
  #closed = false

  constructor(source: ThreadSource, log: Logger) {
    super()
    this.source = source
    this.log = log
    this.#worker = this.#start()
  }

  get completed(): Promise<void> {
    return this.#completed.promise
  }

  tellClients(): void {
    if (this.#tellsClients) return
    this.#tellsClients = true
    this.#worker.postMessage(TELL_CLIENTS)
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
      if (this.#tellsClients) this.#worker.postMessage(TELL_CLIENTS)
    }, this.#delay)
    this.#delay = Math.min(2 * this.#delay, RESTART[1])
  }

  #take(report: Report): void {
    for (const change of report.changes ?? []) this.#apply(change)
    for (const [level, text] of report.log ?? []) this.log[level](text)
    if (report.objects) this.objects = new Map(report.objects)
    if (report.waiting !== undefined) this.waiting = report.waiting
    if (report.current) this.current = performance.now()
    if (report.connected !== undefined) this.connected = report.connected
    if (report.traffic) this.traffic = report.traffic
    this.rejected += report.rejected ?? 0
    if (report.complete) this.#complete()
    // Queries get their turn before the next report.
    setImmediate(() => this.#worker.postMessage('taken'))
  }

  #apply([id, record]: Change): void {
    this.#retold?.add(id)
    this.tell(id, record)
  }

  #complete(): void {
    if (this.#retold) for (const id of this.records.keys()) if (!this.#retold.has(id)) this.#apply([id, undefined])
    this.#retold = undefined
    this.#delay = RESTART[0]
    this.complete = true
    this.#completed.resolve()
  }
}
