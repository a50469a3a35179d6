/**
 * Lets a further serving thread follow what the main thread reads. Whatever is opened there has a port of its own, over which it gets all that is
 * known, and then every change.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { feeds } from './feeds.ts'
import { databases } from './geoip/databases.ts'
import { clusters } from './kubernetes/clusters.ts'
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
  feeds.makeBy(async (key, log, source) => {
    const { FollowedFeed } = await import('./followed-feed.ts')
    return new FollowedFeed(source, log, follow('feed', key))
  })
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
  if (what === 'feed') return (await import('./followed-feed.ts')).relayFeed
  if (what === 'cluster') return (await import('./kubernetes/followed-cluster.ts')).relayCluster
  if (what === 'dynamic zone') return (await import('./zones/followed-dynamic-zone.ts')).relayDynamicZone
  if (what === 'database') return (await import('./geoip/followed-database.ts')).relayDatabase
  return (await import('./zones/followed-zone.ts')).relayZone
}
