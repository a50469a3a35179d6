/** The feeds of the process: one for each source, however many Corefile blocks name it, and kept over a reload. */
import type { Logger } from '../log.ts'
import type { Feed, Source } from './feed.ts'

interface Held {
  readonly opening: Promise<Feed>
  feed: Feed | undefined
  users: number
}

const open = new Map<string, Held>()

/** The feed of `source`, begun with its first user. @param log where it tells its troubles from now on */
export async function openFeed(source: Source, log: Logger): Promise<Feed> {
  const held = open.get(source.key) ?? { opening: source.open(log), feed: undefined, users: 0 }
  open.set(source.key, held)
  held.users++
  held.feed = await held.opening
  held.feed.log = log
  return held.feed
}

/** One user fewer; the last one ends the feed. */
export async function closeFeed(feed: Feed): Promise<void> {
  const held = open.get(feed.source.key)
  if (held?.feed !== feed || --held.users > 0) return
  open.delete(feed.source.key)
  await feed.close()
}

/** Every feed that is in use. */
export const openFeeds = (): Feed[] => Array.from(open.values(), ({ feed }) => feed).filter(feed => feed !== undefined)
