/** The feeds of the process: one for each source, however many Corefile blocks name it, and kept over a reload. */
import type { Logger } from '../log.ts'
import { Feed, type Source } from './feed.ts'

const open = new Map<string, { feed: Feed; users: number }>()

/** The feed of `source`, begun with its first user. @param log where it tells its troubles from now on */
export function openFeed(source: Source, log: Logger): Feed {
  const held = open.get(source.key)
  if (held) {
    held.users++
    held.feed.log = log
    return held.feed
  }
  const feed = new Feed(source, log)
  open.set(source.key, { feed, users: 1 })
  return feed
}

/** One user fewer; the last one ends the feed. */
export async function closeFeed(feed: Feed): Promise<void> {
  const held = open.get(feed.source.key)
  if (held?.feed !== feed || --held.users > 0) return
  open.delete(feed.source.key)
  await feed.close()
}

/** Every feed that is in use. */
export const openFeeds = (): Feed[] => Array.from(open.values(), ({ feed }) => feed)
