/** The feeds of the process: one for each source, however many Corefile blocks name it, and kept over a reload. */
import type { Logger } from '../log.ts'
import type { Feed, Source } from './feed.ts'
import { Shared } from './shared.ts'

const feeds = new Shared<Feed>()
let openSource = (source: Source, log: Logger): Promise<Feed> => source.open(log)

/** How feeds are opened from now on, where not as their sources say. */
export function openFeedsBy(way: typeof openSource): void {
  openSource = way
}

/** The feed of `source`, begun with its first user. @param log where it tells its troubles from now on */
export async function openFeed(source: Source, log: Logger): Promise<Feed> {
  const feed = await feeds.open(source.key, () => openSource(source, log))
  feed.log = log
  return feed
}

/** The feed with this key as soon as somebody has opened it; it is to be closed, too. */
export const joinFeed = (key: string, signal: AbortSignal): Promise<Feed> => feeds.join(key, signal)

/** One user fewer; the last one ends the feed. */
export async function closeFeed(feed: Feed): Promise<void> {
  if (feeds.leave(feed)) await feed.close()
}

/** Every feed that is in use. */
export const openFeeds = (): Feed[] => feeds.all
