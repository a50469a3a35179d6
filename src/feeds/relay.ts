/**
 * Lets a further serving thread follow the feeds of the main thread. Each feed that is opened here has a port of its own, over which it gets all
 * records and then every change, in reports; the next one is posted when the one before was taken.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Logger } from '../log.ts'
import type { MeshRecord, Report } from '../registry/record.ts'
import type { Feed, Source, Subscriber } from './feed.ts'
import { feeds } from './feeds.ts'
import { databases } from './geoip/databases.ts'
import { clusters } from './kubernetes/clusters.ts'
import { Outbox } from './outbox.ts'
import { Records } from './records.ts'
import { dynamicZones } from './zones/dynamic-zone.ts'
import { secondaryZones } from './zones/secondary-zones.ts'

/** What a thread posts to follow a feed, the objects of a cluster, a zone, or a database of *geoip*. */
interface Request {
  readonly what: 'feed' | 'cluster' | 'zone' | 'dynamic zone' | 'database'
  readonly key: string
  readonly port: MessagePort
}

/** In a further thread: every feed is opened as the main thread tells it over `port`. */
export function followFeeds(port: MessagePort): void {
  const follow = (what: Request['what'], key: string): MessagePort => {
    const { port1, port2 } = new MessageChannel()
    port.postMessage({ what, key, port: port2 } satisfies Request, [port2])
    return port1
  }
  feeds.makeBy(async (key, log, source) => new FollowedFeed(source, log, follow('feed', key)))
  clusters.makeBy(async (key, log) => {
    const { FollowedCluster } = await import('./kubernetes/followed-cluster.ts')
    return new FollowedCluster(follow('cluster', key), log)
  })
  secondaryZones.makeBy(async (key, log, source) => {
    const { FollowedZone } = await import('./zones/followed-zone.ts')
    return new FollowedZone(source, log, follow('zone', key))
  })
  dynamicZones.makeBy(async (key, log, source) => {
    const { FollowedDynamicZone } = await import('./zones/followed-dynamic-zone.ts')
    return new FollowedDynamicZone(source, log, follow('dynamic zone', key))
  })
  databases.makeBy(async (key, log) => {
    const { FollowedDatabase } = await import('./geoip/followed-database.ts')
    return new FollowedDatabase(log, follow('database', key))
  })
}

/** In the main thread, which runs the same Corefile: tells the thread at the other end of `port` of what it asks for. */
export function relayFeeds(port: MessagePort): void {
  port.on('message', async ({ what, key, port }: Request) => {
    const closed = new AbortController()
    port.once('close', () => closed.abort()).unref()
    const relay = await relayOf(what)
    // If the thread ends before what it wants is open, nothing is left to do.
    relay(key, port, closed.signal).catch(() => {})
  })
  port.unref()
}

async function relayOf(what: Request['what']) {
  if (what === 'feed') return relayFeed
  if (what === 'cluster') return (await import('./kubernetes/followed-cluster.ts')).relayCluster
  if (what === 'dynamic zone') return (await import('./zones/followed-dynamic-zone.ts')).relayDynamicZone
  if (what === 'database') return (await import('./geoip/followed-database.ts')).relayDatabase
  return (await import('./zones/followed-zone.ts')).relayZone
}

async function relayFeed(key: string, port: MessagePort, closed: AbortSignal): Promise<void> {
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

/** A feed that the main thread reads. Its state is logged and counted there. */
class FollowedFeed extends Records implements Feed {
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
