import type { MessagePort } from 'node:worker_threads'
import type { Logger } from '../log.ts'
import type { MeshRecord } from '../registry/record.ts'
import type { Feed, Source, Subscriber } from './feed.ts'
import { feeds } from './feeds.ts'
import { Outbox } from './outbox.ts'
import { Records } from './records.ts'
import type { Report } from './report.ts'

/** A feed that the main thread reads, as seen from another one. Its state is logged and counted in the main thread. */
export class FollowedFeed extends Records implements Feed {
  readonly source: Source
  log: Logger
  complete = false
  waiting = ''
  readonly current = undefined
  readonly objects = new Map<string, number>()
  readonly rejected = 0
  onDelay = (): void => {}
  readonly #completed = Promise.withResolvers<void>()
  readonly #port: MessagePort

  constructor(source: Source, log: Logger, port: MessagePort) {
    super()
    this.source = source
    this.log = log
    this.#port = port
    port.on('message', (report: Report) => this.#take(report))
  }

  get completed(): Promise<void> {
    return this.#completed.promise
  }

  /** The main thread, which has the same hosts, asks for them. */
  tellClients(): void {}

  async close(): Promise<void> {
    this.#port.close()
  }

  #take({ changes = [], waiting = '', complete }: Report): void {
    for (const [id, record] of changes) this.tell(id, record)
    this.waiting = waiting
    if (complete) {
      this.complete = true
      this.#completed.resolve()
    }
    // Queries get their turn before the next report.
    setImmediate(() => this.#port.postMessage('taken'))
  }
}

/** In the main thread: tells a {@link FollowedFeed} at the other end of `port` all records, then every change, until it is closed. */
export async function relayFeed(key: string, port: MessagePort, closed: AbortSignal): Promise<void> {
  const feed = await feeds.join(key, closed)
  /** What the next reports will hold: the latest version of each record. */
  const changes = new Map<string, MeshRecord | undefined>()
  let replayed = false
  let complete = false
  const outbox = new Outbox<Report>(port, most => {
    const ids = changes.keys().take(most).toArray()
    const report: Report = { changes: ids.map(id => [id, changes.get(id)]), waiting: feed.waiting }
    for (const id of ids) changes.delete(id)
    if (!complete && replayed && feed.complete && changes.size === 0) report.complete = complete = true
    return { report, more: changes.size > 0 }
  })
  const subscriber: Subscriber = (id, record) => {
    changes.set(id, record)
    outbox.flush()
  }
  const leave = () => {
    feed.unsubscribe(subscriber)
    void feeds.leave(feed)
  }
  if (closed.aborted) return leave()
  closed.addEventListener('abort', leave)
  await feed.subscribe(subscriber)
  replayed = true
  await feed.completed
  outbox.flush()
}
