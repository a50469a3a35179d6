/**
 * Has a further serving thread follow the feeds of the main one: what a feed's own thread is to that one, the main thread is to this one. Each
 * feed that is opened here is told over a port of its own, all records and then every change, in reports that are posted when the one before
 * was taken.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Logger } from '../log.ts'
import type { MeshRecord, Report } from '../registry/record.ts'
import type { Feed, Source, Subscriber } from './feed.ts'
import { closeFeed, joinFeed, openFeedsBy } from './feeds.ts'
import { Outbox } from './outbox.ts'
import { Records } from './records.ts'

/** What a thread posts to follow a feed. */
interface Request {
  readonly key: string
  readonly port: MessagePort
}

/** In a further thread: every feed is opened as the main thread tells it over `port`. */
export function followFeeds(port: MessagePort): void {
  openFeedsBy(async (source, log) => {
    const { port1, port2 } = new MessageChannel()
    port.postMessage({ key: source.key, port: port2 } satisfies Request, [port2])
    return new FollowedFeed(source, log, port1)
  })
}

/** In the main thread: tells the thread at the other end of `port` what feeds it asks for. */
export function relayFeeds(port: MessagePort): void {
  port.on('message', ({ key, port }: Request) => void relay(key, port)).unref()
}

async function relay(key: string, port: MessagePort): Promise<void> {
  const closed = new AbortController()
  port.once('close', () => closed.abort())
  port.unref()
  // The main thread runs the same Corefile: it opens the feed, too, or has no use for it any more.
  const feed = await joinFeed(key, closed.signal).catch(() => undefined)
  if (!feed) return
  /** What is to be told, the latest of each record. */
  const changes = new Map<string, MeshRecord | undefined>()
  let complete = false
  const outbox = new Outbox(port, most => {
    const ids = changes.keys().take(most).toArray()
    const report: Report = { changes: ids.map(id => [id, changes.get(id)]), waiting: feed.waiting }
    for (const id of ids) changes.delete(id)
    if (!complete && feed.complete && changes.size === 0) report.complete = complete = true
    return { report, more: changes.size > 0 }
  })
  const subscriber: Subscriber = (id, record) => {
    changes.set(id, record)
    outbox.flush()
  }
  const leave = () => {
    feed.unsubscribe(subscriber)
    void closeFeed(feed)
  }
  if (closed.signal.aborted) return leave()
  closed.signal.addEventListener('abort', leave)
  await feed.subscribe(subscriber)
  await feed.completed
  outbox.flush()
}

/** A feed that the main thread reads. Its state is told and counted there. */
class FollowedFeed implements Feed {
  readonly source: Source
  log: Logger
  complete = false
  waiting = ''
  readonly current = undefined
  readonly objects = new Map<string, number>()
  readonly rejected = 0
  onDelay = (): void => {}
  readonly #records = new Records()
  readonly #completed = Promise.withResolvers<void>()
  readonly #port: MessagePort

  constructor(source: Source, log: Logger, port: MessagePort) {
    this.source = source
    this.log = log
    this.#port = port
    port.on('message', (report: Report) => this.#take(report))
  }

  get records(): ReadonlyMap<string, MeshRecord> {
    return this.#records.all
  }

  get completed(): Promise<void> {
    return this.#completed.promise
  }

  subscribe(subscriber: Subscriber): Promise<void> {
    return this.#records.subscribe(subscriber)
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#records.unsubscribe(subscriber)
  }

  async close(): Promise<void> {
    this.#port.close()
  }

  #take({ changes = [], waiting = '', complete }: Report): void {
    for (const [id, record] of changes) this.#records.set(id, record)
    this.waiting = waiting
    if (complete) {
      this.complete = true
      this.#completed.resolve()
    }
    // Queries get their turn before the next report.
    setImmediate(() => this.#port.postMessage('taken'))
  }
}
