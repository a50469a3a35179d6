/**
 * The threads that answer queries (*multisocket*). Start here to see how they hang together; what one of them does is in `serving.ts`.
 *
 *     main thread (0)                                     further thread (1, 2, …)
 *     main.ts                                             thread.ts
 *        │                                                   │
 *     DnsServer ── Corefile, reload, signals, side ports     serve-thread.ts
 *        │                                                   │
 *     Threads ──── RemoteThread ── start, open, commit, … ─▶ │
 *        │            ▲ a Worker, calls over its port        │
 *        │            └─── done, or why not; samples ─────── │
 *        ▼                                                   ▼
 *     Serving ── sockets, chains, metrics of its own      Serving ── sockets, chains, metrics of its own
 *        │                                                   │
 *     feeds ◀── what they read                            feeds ◀── what the main thread's feeds tell (feeds/relay.ts)
 *
 * Each thread runs the same Corefile with plugins, caches and upstream connections of its own, on sockets of its own: SO_REUSEPORT has the
 * kernel give each client's queries to one of them. What exists once in a process belongs to the main thread: `Server.control`.
 *
 * - A Corefile is started by all threads, then opened by all, then committed by all; if one fails, all give it up.
 * - Metrics are asked of all threads at each scrape, and added up. What a thread that failed had counted stays counted.
 * - A thread that fails is started again with the Corefile that runs. Its sockets are gone with it, so the kernel gives its queries to
 *   the others meanwhile. If the main thread fails, or memory runs out, the process ends, as it does with one thread.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Corefile } from '../corefile/tree.ts'
import type { Logger } from '../log.ts'
import type { Cell, Metrics } from '../metrics.ts'
import type { Unready } from '../plugin.ts'
import { addUp, type Snapshot } from '../snapshot.ts'
import { RemoteThread, type Spawn } from './remote-thread.ts'
import type { Serving } from './serving.ts'
import type { Ports, Thread } from './thread.ts'

/** Milliseconds until a thread that failed is started again; doubled each time, up to the second, until one has lasted as long as that. */
const RESTART = [1000, 30_000] as const
/** How long a scrape waits for a thread's counts, in milliseconds; after that, the last known ones are used. */
const SCRAPE = 2000

/** What a replacement rejects with that was given up. */
export class Abandoned extends Error {}

export class Threads {
  /** How many there should be, the main one included. */
  #count = 1
  readonly #here: Serving
  readonly #spawn: Spawn | undefined
  readonly #log: Logger
  readonly #further = new Map<number, RemoteThread>()
  /** Counted by threads that are no more. */
  #past: readonly Snapshot[] = []
  /** The one that runs. */
  corefile: Corefile | undefined
  /** The one that is to take its place, and what gives that up while it starts. */
  #next: { readonly corefile: Corefile; readonly abandoned: PromiseWithResolvers<never> } | undefined
  #ports: Ports = new Map()
  /** What the last Corefile was warned of: a reload does not repeat it. */
  #warnings: readonly string[] = []
  #delay: number = RESTART[0]
  /** One replacement or restart at a time. */
  #turn: Promise<unknown> = Promise.resolve()
  #stopping = false
  readonly #restarts: Cell

  /** @param here the main thread's @param spawn how others are started */
  constructor(here: Serving, spawn: Spawn | undefined, metrics: Metrics, log: Logger) {
    this.#here = here
    this.#spawn = spawn
    this.#log = log
    this.#restarts = metrics
      .counter('coredns_serving_thread_restarts_total', 'Threads that failed and were started again.')
      .with({})
    const serving = metrics.gauge('coredns_serving_threads', 'Threads that answer queries.')
    const cell = serving.with({})
    serving.read = () => {
      cell.value = 1 + this.#further.size
    }
  }

  /** Runs this Corefile in as many threads as it asks for. Rejects without any change if one of them cannot, or with {@link Abandoned}. */
  replace(corefile: Corefile): Promise<void> {
    return this.#inTurn(async () => {
      const abandoned = Promise.withResolvers<never>()
      abandoned.promise.catch(() => {})
      this.#next = { corefile, abandoned }
      await this.#replace(corefile, abandoned.promise).finally(() => {
        this.#next = undefined
      })
    })
  }

  /** The Corefile that is to take the place of the one that runs; its sources may keep it waiting for long. */
  get next(): Corefile | undefined {
    return this.#next?.corefile
  }

  /** Gives that up where it still starts. The first one has nothing that it could give way to. */
  abandon(): void {
    if (this.corefile) this.#next?.abandoned.reject(new Abandoned('it gives way to another Corefile'))
  }

  async #replace(corefile: Corefile, abandoned: Promise<never>): Promise<void> {
    this.#warn(corefile.warnings)
    const next = await this.#here.load(corefile)
    this.#warn(next.warnings)
    this.#warnings = [...corefile.warnings, ...next.warnings]
    const count = next.threads
    const added: RemoteThread[] = []
    let all: Thread[] = [this.#here]
    try {
      // The main thread begins, so that the others find its feeds.
      const started = [this.#here.start(corefile, count)]
      for (let index = 1; index < count; index++) {
        if (!this.#further.has(index)) added.push(this.#add(index))
        const thread = this.#further.get(index)!
        all = [...all, thread]
        started.push(thread.start(corefile, count))
      }
      await Promise.race([Promise.all(started), abandoned])
      this.#ports = await this.#here.open(new Map())
      await every(all.slice(1).map(thread => thread.open(this.#ports)))
    } catch (error) {
      await Promise.allSettled(all.map(thread => thread.abort()))
      await this.#remove(added)
      throw error
    }
    this.corefile = corefile
    this.#count = count
    const surplus = [...this.#further.values()].filter(({ index }) => index >= count)
    // A thread that fails from here on is started again.
    const [here] = await Promise.allSettled([...all.map(thread => thread.commit()), this.#remove(surplus)])
    if (here?.status === 'rejected') throw here.reason
  }

  #warn(warnings: readonly string[]): void {
    for (const warning of warnings) if (!this.#warnings.includes(warning)) this.#log.warn(warning)
  }

  /** What is not ready in any thread; for each plugin, the reason that the first thread gives. */
  async unready(word: string): Promise<Unready[]> {
    const threads = [this.#here, ...this.#further.values()]
    const found = await Promise.all(threads.map(thread => thread.unready(word).catch((): Unready[] => [])))
    const told = new Set<string>()
    return found.flatMap(unready => {
      const more = unready.filter(({ plugin }) => !told.has(plugin))
      for (const { plugin } of more) told.add(plugin)
      return more
    })
  }

  /** Fulfilled when every thread has responded or ended. */
  async alive(): Promise<void> {
    await Promise.allSettled(Array.from(this.#further.values(), thread => thread.alive()))
  }

  async collect(): Promise<Snapshot[]> {
    const further = Array.from(this.#further.values(), thread =>
      Promise.race([thread.collect(), sleep(SCRAPE, undefined, { ref: false })]).then(
        snapshot => snapshot ?? thread.counted,
        () => thread.counted,
      ),
    )
    return addUp([...(await Promise.all([this.#here.collect(), ...further])), this.#past])
  }

  async drain(): Promise<void> {
    this.#stopping = true
    await Promise.allSettled([this.#here, ...this.#further.values()].map(thread => thread.drain()))
  }

  async stop(): Promise<void> {
    await Promise.all([this.#here.stop(), this.#remove([...this.#further.values()])])
  }

  #add(index: number): RemoteThread {
    if (!this.#spawn) throw new Error('this server has no further threads')
    process.off('exit', this.#endAll).once('exit', this.#endAll)
    const born = performance.now()
    const thread = new RemoteThread(index, this.#spawn, this.#log, () => {
      this.#forget(thread)
      if (this.#stopping) return
      this.#delay = performance.now() - born > RESTART[1] ? RESTART[0] : this.#delay
      this.#restartLater(index, 'has failed')
    })
    this.#further.set(index, thread)
    return thread
  }

  async #remove(threads: readonly RemoteThread[]): Promise<void> {
    await Promise.all(
      threads.map(async thread => {
        await thread.stop()
        this.#forget(thread)
      }),
    )
  }

  #forget(thread: RemoteThread): void {
    if (this.#further.get(thread.index) !== thread) return
    this.#further.delete(thread.index)
    this.#past = addUp([this.#past, thread.counted.filter(({ type }) => type !== 'gauge')])
  }

  #restartLater(index: number, why: string): void {
    this.#log.error(`serving thread ${index} ${why} and starts again in ${this.#delay / 1000} s; the others go on serving`)
    setTimeout(() => this.#inTurn(() => this.#restart(index)), this.#delay).unref()
    this.#delay = Math.min(2 * this.#delay, RESTART[1])
  }

  async #restart(index: number): Promise<void> {
    // A reload may have been quicker, or want fewer.
    if (this.#stopping || index >= this.#count || this.#further.has(index)) return
    const thread = this.#add(index)
    try {
      await thread.start(this.corefile!, this.#count)
      await thread.open(this.#ports)
      await thread.commit()
      this.#restarts.value++
    } catch (error) {
      // One that failed as a whole is to be started again already.
      if (this.#further.get(index) !== thread) return
      await this.#remove([thread])
      this.#restartLater(index, `cannot start: ${(error as Error).message}`)
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }

  /** Node must not end threads by itself that hold native handles: see `transport/batch/poll.ts`. */
  readonly #endAll = () => {
    for (const thread of this.#further.values()) thread.askToExit()
    for (const thread of this.#further.values()) thread.awaitExit()
  }
}

/** Waits for all, then throws the first rejection if there is one. */
async function every(promises: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(promises)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
